import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { refusal, report, said } from '../../support/cli.ts';
import { useHomes } from '../../support/home.ts';
import { startKeyringSession } from '../../support/keyring-session.ts';

const createHome = useHomes();

test('debug', async () => {
  const home = createHome();
  const first = await startKeyringSession(home, 'unlocked');
  const t = performance.now();
  const fromEnv = ['--from-env', 'V'];
  console.log(
    await report(home, ['secret', 'set', 'TOKEN', '--for', 'x', ...fromEnv], { env: { ...first.env, V: 'value' } }),
    performance.now() - t,
  );
  console.log(await said(home, ['secret', 'list'], { env: first.env }), performance.now() - t);
  await first.end();
  const second = await startKeyringSession(home, 'locked');
  const t2 = performance.now();
  console.log(await refusal(home, ['secret', 'list'], { env: second.env }), performance.now() - t2);
  await second.end();
  const third = await startKeyringSession(home, 'absent');
  const t3 = performance.now();
  console.log(await refusal(home, ['secret', 'list'], { env: third.env }), performance.now() - t3);
  await third.end();
  console.log(await refusal(home, ['secret', 'list']), performance.now() - t3);
});
