import { printableLine } from '../kernel/index.ts';
import type { CodexServer } from './codex-link.ts';

/** What `connect codex` came to. */
export type ConnectReport = {
  readonly schemaVersion: 1;
  readonly agent: 'codex';
  readonly action: 'connect' | 'print' | 'undo';
  readonly changed: boolean;
  /** The agent's file. */
  readonly file: string;
  /** What is written there; '' for `undo`. */
  readonly toml: string;
  readonly servers: readonly CodexServer[];
  readonly notes: readonly string[];
};

export function renderConnect(report: ConnectReport): string {
  const { action, file, toml, changed, notes } = report;
  const remarks = notes.map((note) => printableLine(`note: ${note}`));
  switch (action) {
    case 'print':
      return [`# ${file}`, toml.trimEnd()].join('\n');
    case 'undo':
      return [changed ? 'Codex is as it was before.' : 'Nothing to undo.', `  ${file}`, ...remarks].join('\n');
    case 'connect':
      return [
        changed ? 'Codex starts Plugboard now.' : 'Codex starts Plugboard already.',
        `  ${file}`,
        ...serverLines(report.servers),
        ...remarks,
      ].join('\n');
    default:
      return action satisfies never;
  }
}

function serverLines(servers: readonly CodexServer[]): readonly string[] {
  return servers.map(({ name, action, why }) => {
    if (action === 'keep') return printableLine(`stays in Codex: ${name} (${why})`);
    return printableLine(`${action === 'moved' ? 'moved already' : 'moved into Plugboard'}: ${name}`);
  });
}
