import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { refusal } from '../support/cli.ts';
import { arrived, arrivedArgs, digestFiles, digestsFrom } from '../support/digests.ts';
import { agentOf, changed, installFormed, piped } from '../support/giving.ts';
import { useHomes } from '../support/home.ts';
import { install } from '../support/installed-plugin.ts';
import { AGENT_PLUGINS_DRAFT, FORMS } from '../support/plugin-forms.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();
const ID = 'poka@acme';
const TOKEN = 'wp-77d1-c0ffee';

const SETTINGS = {
  token: { type: 'string', title: 'Token', sensitive: true, required: true },
  region: { type: 'string', title: 'Region', enum: ['eu', 'us', 'ap'], default: 'eu' },
  hint: { type: 'string', title: 'Hint' },
};

const refer = (key: string): string => `\${user_config.${key}}`;
const FROM_SETTINGS = { TOKEN: refer('token'), REGION: refer('region'), HINT: refer('hint') };

describe(proves('values.families'), () => {
  test.each([...FORMS, AGENT_PLUGINS_DRAFT])('with servers in $form', async (form) => {
    const home = createHome();
    const fixed = { HERE: `${form.root}/data`, PRICE: '5$ {a}' };
    const root = await installFormed(home, form, {
      name: 'poka',
      settings: SETTINGS,
      // A family without references to settings gets them from the user, who lays them over its server.
      servers: { poka: { env: { ...fixed, ...(form.setting === null ? {} : FROM_SETTINGS) } } },
    });
    home.configure(form.setting === null ? { poka: { env: FROM_SETTINGS } } : {});
    await piped(home, ['plugin', 'configure', ID, '--stdin', 'token', '--set', 'region=us'], TOKEN);
    const agent = await agentOf(home);
    const want = { TOKEN, REGION: 'us', HINT: null, HERE: join(root, 'data'), PRICE: '5$ {a}' };
    expect(arrived((await digestsFrom(agent, 'poka')).env, want)).toEqual(want);
    await agent.close();
  });

  test('in files of Agent Plugins a reference to a setting is text', async () => {
    const home = createHome();
    const form = FORMS.find(({ setting }) => setting === null);
    if (form === undefined) throw new Error('there is no such form');
    await installFormed(home, form, {
      ...{ name: 'poka', settings: SETTINGS },
      servers: { poka: { env: FROM_SETTINGS, args: [refer('region'), '${PLUGIN_ROOT}/x'] } },
    });
    home.configure({});
    const agent = await agentOf(home);
    const { env } = await digestsFrom(agent, 'poka');
    expect(arrived(env, FROM_SETTINGS)).toEqual(FROM_SETTINGS);
    await agent.close();
  });

  test('in files of Claude a bare name is a variable, with what counts where it is unset', async () => {
    const home = createHome();
    const claude = FORMS.find(({ form }) => form === 'Claude');
    if (claude === undefined) throw new Error('there is no such form');
    await installFormed(home, claude, {
      name: 'poka',
      servers: {
        poka: { env: { A: '${GIVEN_A}', B: '${GIVEN_B:-b of the plugin}', C: '${GIVEN_C:-c of the plugin}' } },
      },
    });
    home.configure({});
    const agent = await agentOf(home, { GIVEN_A: 'a of the user', GIVEN_B: 'b of the user' });
    const want = { A: 'a of the user', B: 'b of the user', C: 'c of the plugin', GIVEN_A: null };
    expect(arrived((await digestsFrom(agent, 'poka')).env, want)).toEqual(want);
    await agent.close();
  });

  test('in files of Codex a bare name is text, and the escape is the text that it stands for', async () => {
    const home = createHome();
    await install(home, ID, {
      servers: {
        poka: {
          ...{ command: 'node', args: ['server.mjs'] },
          env: { BARE: '${GIVEN}', ESCAPED: '$${env:GIVEN}', TWICE: '$${${env:GIVEN}' },
        },
      },
      files: digestFiles(),
    });
    home.configure({});
    const agent = await agentOf(home, { GIVEN: 'given' });
    const want = { BARE: '${GIVEN}', ESCAPED: '${env:GIVEN}', TWICE: '${given' };
    expect(arrived((await digestsFrom(agent, 'poka')).env, want)).toEqual(want);
    await agent.close();
  });

  test('numbers, switches, folders and lists of them', async () => {
    const home = createHome();
    const [one, two] = [join(home.folder, 'one'), join(home.folder, 'two')];
    for (const folder of [one, two]) mkdirSync(folder);
    writeFileSync(join(one, 'file.txt'), '');
    const settings = {
      size: { type: 'number', title: 'Size', min: 1, max: 10, default: 3 },
      deep: { type: 'boolean', title: 'Deep', default: false },
      folders: { type: 'directory', title: 'Folders', multiple: true },
      key: { type: 'file', title: 'Key' },
      words: { type: 'string', title: 'Words', multiple: true, default: ['a', 'b'] },
    };
    const env = {
      SIZE: refer('size'),
      DEEP: refer('deep'),
      FOLDERS: refer('folders'),
      KEY: refer('key'),
      WORDS: refer('words'),
    };
    await install(home, ID, {
      servers: {
        poka: {
          command: 'node',
          args: ['server.mjs', '--size', refer('size'), `--folder=${refer('folders')}`, `--key=${refer('key')}`],
          env,
        },
      },
      manifest: { user_config: settings },
      files: digestFiles(),
    });
    home.configure({});
    const known = ['--size', '3', '7', '--folder=', `--folder=${one}`, `--folder=${two}`, `--key=${one}/file.txt`];
    const received = async (): Promise<unknown> => {
      const agent = home.pipe(['--standalone']);
      await agent.initialize();
      const digests = await digestsFrom(agent, 'poka');
      await agent.close();
      return { ...arrived(digests.env, want), args: arrivedArgs(digests.args, known) };
    };
    const want: Record<string, string | null> = { SIZE: '3', DEEP: 'false', FOLDERS: null, KEY: null, WORDS: 'a,b' };
    expect(await received()).toEqual({ ...want, args: ['--size', '3'] });

    for (const [key, value] of [
      ['size', '11'],
      ['size', 'many'],
      ['deep', 'perhaps'],
      ['folders', join(home.folder, 'nowhere')],
      ['folders', join(one, 'file.txt')],
      ['key', one],
    ])
      expect({ key, ...(await refusal(home, ['plugin', 'configure', ID, '--set', `${key}=${value}`])) }).toMatchObject({
        key,
        code: 'PLUGIN_SETTING_VALUE',
      });
    const set = ['size=7', 'deep=true', `folders=${one}`, `folders=${two}`, `key=${one}/file.txt`, 'words=c'];
    await changed(home, ['plugin', 'configure', ID, ...set.flatMap((text) => ['--set', text])]);
    Object.assign(want, { SIZE: '7', DEEP: 'true', FOLDERS: `${one}:${two}`, KEY: `${one}/file.txt`, WORDS: 'c' });
    expect(await received()).toEqual({
      ...want,
      args: ['--size', '7', `--folder=${one}`, `--folder=${two}`, `--key=${one}/file.txt`],
    });
  });
});
