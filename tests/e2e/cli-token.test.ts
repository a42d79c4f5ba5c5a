import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { refusal, report, said } from '../support/cli.ts';
import { useHomes } from '../support/home.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

/** The status of a first request with this token. */
async function knock(endpoint: string, token: string): Promise<number> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
  });
  await response.text();
  return response.status;
}

test(proves('cli.token'), async () => {
  const home = createHome();
  home.configure({});
  const { endpoint } = await home.serve();
  const token = await said(home, ['token', 'create', 'ci']);
  expect(token).toMatch(/^pb_[A-Za-z0-9_-]{43}$/);
  const full = await report<{ readonly token: string }>(
    home,
    ['token', 'create', 'full', '--user', 'u', '--team', 't', '--workspace', '.', '--human'],
    { cwd: home.folder, env: home.env },
  );
  const createdAt = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;
  const ci = { name: 'ci', user: null, team: null, workspace: null, human: false, createdAt };
  const other = { name: 'full', user: 'u', team: 't', workspace: home.folder, human: true, createdAt };
  expect(full).toEqual({ schemaVersion: 1, token: expect.stringMatching(/^pb_/) as string, ...other });
  expect(await report(home, ['token', 'list'])).toEqual([ci, other]);
  const list = await said(home, ['token', 'list']);
  expect(list).not.toContain('pb_');
  expect(list.split('\n').map((line) => line.split(/ +/)[0])).toEqual(['Name', 'ci', 'full']);
  expect(await knock(endpoint, token)).toBe(200);
  expect(await knock(endpoint, full.token)).toBe(200);
  expect(await refusal(home, ['token', 'create', 'ci'])).toMatchObject({ status: 1, code: 'TOKEN_EXISTS' });
  expect(await said(home, ['token', 'revoke', 'ci'])).toBe("Revoked token 'ci'.");
  await expect.poll(() => knock(endpoint, token), { timeout: 10_000 }).toBe(401);
  expect(await knock(endpoint, full.token)).toBe(200);
  expect(await refusal(home, ['token', 'revoke', 'ci'])).toMatchObject({ status: 1, code: 'NOT_FOUND' });
  const files = readdirSync(home.path, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) {
    const bytes = readFileSync(join(file.parentPath, file.name), 'latin1');
    expect({ file: file.name, holds: bytes.includes(token) || bytes.includes(full.token) }).toEqual({
      file: file.name,
      holds: false,
    });
  }
});

test('no tokens yet: how to create one', async () => {
  const home = createHome();
  expect(await report(home, ['token', 'list'])).toEqual([]);
  expect(await said(home, ['token', 'list'])).toBe("No tokens yet. Try 'plugboard token create NAME'.");
});

test.each(['', 'a b', '../x', '-'.padEnd(3, 'x'), 'x'.repeat(65)])('%j is no name for a token', async (name) => {
  expect(await refusal(createHome(), ['token', 'create', '--', name])).toMatchObject({ status: 2, code: 'USAGE' });
});
