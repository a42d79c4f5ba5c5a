import { createHmac } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { report } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { agentOf, changed, piped } from '../support/giving.ts';
import { callText, useHomes } from '../support/home.ts';
import { ROOT } from '../support/product.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();
const EXAMPLE = join(ROOT, 'examples', 'settings');
const KEY = 'correct horse battery';

test(proves('values.example'), async () => {
  const home = createHome();
  mkdirSync(home.path, { mode: 0o700 });
  await changed(home, ['plugin', 'validate', join(EXAMPLE, 'plugins', 'signatures'), '--strict']);
  await changed(home, ['plugin', 'marketplace', 'add', EXAMPLE]);
  await changed(home, ['plugin', 'add', 'signatures@settings-example', '--yes']);
  const { stdout } = await home.finish(['doctor', '--server', 'signatures']);
  expect(stdout).toContain('NEEDS_CONFIG');
  expect(stdout).toContain('plugboard plugin configure signatures@settings-example');

  await piped(home, ['plugin', 'configure', 'signatures', '--stdin', 'key'], KEY);
  const agent = await agentOf(home);
  const sign = async (): Promise<unknown> =>
    JSON.parse(await callText(agent, 'signatures__sign_text', { text: 'hello' }));
  const signed = (algorithm: string, signer: string | null): object => ({
    ...{ algorithm, signer },
    signature: createHmac(algorithm, KEY).update('hello').digest('hex'),
  });
  expect(await sign()).toEqual(signed('sha256', null));
  await changed(home, ['plugin', 'configure', 'signatures', '--set', 'algorithm=sha512', '--set', 'signer=Ada']);
  await eventually(async () => expect(await sign()).toEqual(signed('sha512', 'Ada')));
  await agent.close();
  expect(await report(home, ['plugin', 'configure', 'signatures'])).toMatchObject({ schemaVersion: 1 });
});
