import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { proves } from '../../e2e/support/proves.ts';
import { report, said } from '../../support/cli.ts';
import { type Home, useHomes } from '../../support/home.ts';
import { runOnTerminal } from '../../support/pseudo-terminal.ts';

const createHome = useHomes();

function age(...args: readonly string[]): string {
  return execFileSync('age', args, { encoding: 'utf8' });
}

/** `secret set TOKEN --for docs`, the value from a variable. */
function set(home: Home, value: string, ...more: readonly string[]): Promise<unknown> {
  const env = { ...home.env, GIVEN: value };
  return report(home, ['secret', 'set', 'TOKEN', '--for', 'docs', '--from-env', 'GIVEN', ...more], { env });
}

test(proves('secrets.age'), async () => {
  const home = createHome();
  await set(home, 'päss\nword');
  const [file, identity] = ['secrets.age', 'identity.txt'].map((name) => join(home.path, name));
  const secret = { name: 'TOKEN', for: 'docs', value: 'päss\nword' };
  expect(JSON.parse(age('-d', '-i', identity ?? '', file ?? ''))).toMatchObject({ secrets: [secret] });
  const [, recipient = ''] = /# public key: (age1\w+)/.exec(readFileSync(identity ?? '', 'utf8')) ?? [];
  expect(execFileSync('age-keygen', ['-y', identity ?? ''], { encoding: 'utf8' })).toBe(`${recipient}\n`);

  const key = join(home.folder, 'key.txt');
  execFileSync('age-keygen', ['-o', key], { stdio: 'ignore' });
  const reader = execFileSync('age-keygen', ['-y', key], { encoding: 'utf8' }).trim();
  const backup = join(home.folder, 'backup.age');
  writeFileSync(backup, await said(home, ['secret', 'export', '--to-age', reader]));
  const opened = age('-d', '-i', key, backup);
  expect(JSON.parse(opened)).toMatchObject({ secrets: [secret] });

  // And back: what age encrypts is taken over.
  const plain = join(home.folder, 'plain.json');
  writeFileSync(plain, opened.replace('TOKEN', 'OTHER'));
  const made = join(home.folder, 'made.age');
  age('-r', reader, '-o', made, plain);
  expect(await report(home, ['secret', 'import', made, '--identity', key])).toMatchObject({
    added: [{ name: 'OTHER', for: 'docs' }],
  });
});

test('a key of age-keygen that lies ready is used', async () => {
  const home = createHome();
  home.configure({});
  const identity = join(home.path, 'identity.txt');
  execFileSync('age-keygen', ['-o', identity], { stdio: 'ignore' });
  const before = readFileSync(identity, 'utf8');
  await set(home, 'value');
  expect(readFileSync(identity, 'utf8')).toBe(before);
  expect(age('-d', '-i', identity, join(home.path, 'secrets.age'))).toContain('"value"');
});

test('age opens the secrets with the key that is under a passphrase, once it is given the passphrase', async () => {
  const home = createHome();
  const passphrase = join(home.folder, 'passphrase');
  writeFileSync(passphrase, 'open sesame\n');
  await set(home, 'value', '--passphrase-file', passphrase);
  const [file, identity] = ['secrets.age', 'identity.age'].map((name) => join(home.path, name));
  const terminal = runOnTerminal(`age -d -i '${identity}' '${file}'`, home.env);
  await terminal.waitFor('Enter passphrase');
  terminal.type('open sesame\r');
  expect(await terminal.ended).toBe(0);
  expect(terminal.shown()).toContain('"value": "value"');
});
