import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { arrived, digestsFrom } from '../../support/digests.ts';
import { agentOf } from '../../support/giving.ts';
import { fixture, useHomes } from '../../support/home.ts';
import { isRunning, until } from '../../support/processes.ts';

const createHome = useHomes();

test('a provider that does not answer is ended after ten seconds and named, and delays nobody else', async () => {
  const home = createHome();
  const [program, pids] = [join(home.folder, 'provider.mjs'), join(home.folder, 'pids.txt')];
  writeFileSync(
    program,
    `import { spawn } from 'node:child_process';
     import { writeFileSync } from 'node:fs';
     if (process.argv.at(-1).includes('fast')) console.log('fast value');
     else {
       process.on('SIGTERM', () => {});
       const child = spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"], { stdio: 'inherit' });
       writeFileSync(${JSON.stringify(pids)}, JSON.stringify([process.pid, child.pid]));
       process.stdout.write('half a val');
       setInterval(() => {}, 1000);
     }`,
  );
  home.configure(
    {
      slow: { ...fixture('digests'), env: { TOKEN: '${secret:op://vault/slow}' } },
      fast: { ...fixture('digests'), env: { TOKEN: '${secret:op://vault/fast}' } },
      echo: fixture('echo'),
    },
    { secret_providers: { op: { command: [process.execPath, program] } } },
  );
  await home.host();
  const agent = await agentOf(home);
  await home.untilServer('fast', 'connected');
  await home.untilServer('echo', 'connected');
  await until(() => existsSync(pids));
  expect((await home.status())?.servers.find(({ name }) => name === 'slow')?.state).toMatchObject({ kind: 'starting' });
  const want = { TOKEN: 'fast value' };
  expect(arrived((await digestsFrom(agent, 'fast')).env, want)).toEqual(want);
  const report = await home.untilServer('slow', 'needs_config', 'connection_error', 'invalid', 'timed_out');
  expect(JSON.stringify(report)).toContain('op');
  expect(JSON.stringify(report)).not.toContain('half a val');
  const started = JSON.parse(readFileSync(pids, 'utf8')) as readonly number[];
  await until(() => started.every((pid) => !isRunning(pid)));
  await agent.close();
}, 60_000);
