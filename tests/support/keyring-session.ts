import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Home } from './home.ts';
import { until } from './processes.ts';

/** A session bus with or without a keyring behind it. All of it ends with the home. */
export type KeyringSession = {
  /** For everything that is to be in this session. */
  readonly env: NodeJS.ProcessEnv;
  readonly end: () => Promise<void>;
};

/** `locked`: the daemon starts when it is asked, and nobody unlocks it. `absent`: there is a bus, and no keyring on it. */
export type KeyringState = 'unlocked' | 'locked' | 'absent';

/** A bus that starts no services, as on a machine without a keyring. */
const BARE_BUS = `<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>`;

/**
 * Starts a session with a real gnome-keyring in this state. The keyrings of a home stay from session to session, like those
 * of a person who logs in again.
 */
export async function startKeyringSession(
  home: Pick<Home, 'folder' | 'env' | 'command'>,
  state: KeyringState,
): Promise<KeyringSession> {
  const runtime = join(home.folder, `session-${Math.floor(performance.now() * 1000)}`);
  mkdirSync(runtime, { mode: 0o700 });
  mkdirSync(join(home.env['HOME'] ?? '', '.local/share'), { recursive: true });
  const config = join(runtime, 'bus.conf');
  writeFileSync(config, BARE_BUS);
  const unlock =
    state === 'unlocked' ? 'printf secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; ' : '';
  const script = `${unlock}echo "$$ $DBUS_SESSION_BUS_ADDRESS"; exec sleep 1000`;
  const bus = state === 'absent' ? [`--config-file=${config}`] : [];
  const env = { ...home.env, XDG_RUNTIME_DIR: runtime };
  const session = home.command('dbus-run-session', [...bus, '--', 'sh', '-c', script], { env });
  const [, pid, address] = await until(() => /^(\d+) (.*)\n/m.exec(session.stdout()));
  return {
    env: { ...env, DBUS_SESSION_BUS_ADDRESS: address },
    end: async () => {
      // The session ends with the program that it was started for.
      process.kill(Number(pid), 'SIGTERM');
      await session.ended;
    },
  };
}
