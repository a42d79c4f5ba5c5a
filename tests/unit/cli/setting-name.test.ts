import { expect, test } from 'vitest';
import { checkSettingName } from '../../../src/cli/settings/setting-name.ts';
import { AppError } from '../../../src/kernel/index.ts';
import type { Plugin } from '../../../src/plugins/index.ts';
import { setting } from '../../support/settings.ts';

const ID = 'poka@acme';
const settings = [setting('token', { sensitive: true }), setting('region', {})];
const plugins = [{ pluginId: ID, plugin: { settings } as unknown as Plugin }];

const check = (name: string, id = ID): readonly string[] | object => {
  try {
    return checkSettingName(name, { kind: 'plugin', id }, plugins);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, message, hint } = error;
    return { code, message, hint };
  }
};

test.each<{ name: string; secret: string; id?: string; want: unknown }>([
  { name: 'one that the plugin declares as sensitive is stored', secret: 'user_config.token', want: [] },
  { name: 'one that is no setting is stored', secret: 'TOKEN', want: [] },
  {
    name: 'one that is not sensitive is for config.toml',
    secret: 'user_config.region',
    want: {
      code: 'PLUGIN_SETTING_VALUE',
      message: `'region' of '${ID}' is not sensitive, and not read from the secrets`,
      hint: `run: plugboard plugin configure ${ID} --set region=VALUE`,
    },
  },
  {
    name: 'one that the plugin does not have is named with what it has',
    secret: 'user_config.tokn',
    want: {
      code: 'PLUGIN_SETTING_VALUE',
      message: `'${ID}' has no setting 'tokn', so nothing would read it`,
      hint: `did you mean 'token'? its sensitive settings: token; to be asked for all: plugboard plugin configure ${ID}`,
    },
  },
  {
    name: 'of a plugin that is not there yet a note says what will check it',
    secret: 'user_config.tokn',
    id: 'new@acme',
    want: [
      "once 'new@acme' is installed, this gives it what it asks for, and checks it: plugboard plugin configure new@acme",
    ],
  },
])('$name', ({ secret, id, want }) => expect(check(secret, id)).toEqual(want));

test('a server of config.toml may have a secret of any name', () => {
  expect(checkSettingName('user_config.x', { kind: 'server', name: 'docs' }, plugins)).toEqual([]);
});
