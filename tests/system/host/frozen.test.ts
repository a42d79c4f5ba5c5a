import { expect, test } from 'vitest';
import { callText, fixture, useHomes } from '../../support/home.ts';

const createHome = useHomes();

test('a host that is there and does not answer is a coded error, and serves again when it does', {
  timeout: 90_000,
}, async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  const first = home.pipe();
  await first.initialize();
  await callText(first, 'echo__echo', { text: 'connected' });
  const pid = (await home.status())?.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  const [pipe, serve] = await Promise.all([home.finish(['stdio']), home.finish(['serve', '--port', '0'])]);
  for (const refused of [pipe, serve]) {
    expect(refused).toEqual({ status: 1, stdout: '', stderr: expect.stringContaining('HOST_UNREACHABLE') });
    expect(refused.stderr).toContain('--standalone');
  }
  process.kill(pid, 'SIGCONT');
  expect(await callText(first, 'echo__echo', { text: 'awake' })).toBe('awake');
  const second = home.pipe();
  await second.initialize();
  expect((await home.status())?.pid).toBe(pid);
  await Promise.all([first.close(), second.close()]);
});
