import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { agentOf, changed, piped } from '../support/giving.ts';
import { callText, type Home, useHomes } from '../support/home.ts';
import { ROOT } from '../support/product.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();
const KEY = 'correct horse battery';
const PAGE = readFileSync(join(ROOT, 'examples', 'settings', 'README.md'), 'utf8');

/** What follows `plugboard` in the lines of the page, and in the command of its text. */
const [ADD_MARKETPLACE = '', ADD = '', DOCTOR = '', CONFIGURE = '', CALL = ''] = [
  ...(/```sh\n([^`]*)```/.exec(PAGE)?.[1] ?? '').matchAll(/^plugboard (.*?)(?: +#.*)?$/gm),
].map(([, command = '']) => command);
const [, CHANGE = ''] = /`plugboard (plugin configure [^`]*--set[^`]*)`/.exec(PAGE) ?? [];

/** The words of a command, as a shell reads them. */
const wordsOf = (command: string): readonly string[] =>
  [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain = '']) => quoted ?? plain);

/** A command of the page, in the folder that it is written for. */
const follow = (home: Home, command: string, ...more: readonly string[]) =>
  home.finish([...wordsOf(command), ...more], { cwd: ROOT });

const signed = (algorithm: string, signer: string | null): object => ({
  ...{ algorithm, signer },
  signature: createHmac(algorithm, KEY).update('hello').digest('hex'),
});

test(proves('values.example'), async () => {
  const home = createHome();
  await changed(home, ['plugin', 'validate', join(ROOT, 'examples', 'settings', 'plugins', 'signatures'), '--strict']);
  expect(await follow(home, ADD_MARKETPLACE)).toMatchObject({ status: 0, stderr: '' });
  expect(await follow(home, ADD, '--yes')).toMatchObject({ status: 0, stderr: '' });
  const { stdout } = await follow(home, DOCTOR);
  expect(stdout).toContain('NEEDS_CONFIG');
  expect(stdout).toContain(`plugboard ${CONFIGURE}`);

  // Without a terminal the key comes through a pipe.
  await piped(home, [...wordsOf(CONFIGURE), '--stdin', 'key'], KEY);
  const called = await follow(home, CALL);
  expect({ ...called, stdout: JSON.parse(called.stdout) as unknown }).toEqual({
    status: 0,
    stderr: '',
    stdout: signed('sha256', null),
  });

  const agent = await agentOf(home);
  const sign = async (): Promise<unknown> =>
    JSON.parse(await callText(agent, 'signatures__sign_text', { text: 'hello' }));
  expect(await sign()).toEqual(signed('sha256', null));
  expect(await follow(home, CHANGE, '--set', 'signer=Ada')).toMatchObject({ status: 0, stderr: '' });
  await eventually(async () => expect(await sign()).toEqual(signed('sha512', 'Ada')));
  await agent.close();
});
