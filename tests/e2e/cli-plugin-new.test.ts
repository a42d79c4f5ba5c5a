import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ValidateReport } from '../../src/cli/render-validate.ts';
import { refusal, report, said } from '../support/cli.ts';
import { callText, type Home, useHomes } from '../support/home.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

function beside(home: Home): { readonly cwd: string; readonly env: NodeJS.ProcessEnv } {
  return { cwd: home.folder, env: home.env };
}

test(proves('plugins.new'), async () => {
  const home = createHome();
  const how = beside(home);
  const text = await said(home, ['plugin', 'new', 'word-count', '--author', 'Ada'], how);
  expect(text).toContain(
    `Made word-count in ${join(home.folder, 'word-count')}:\n  README.md\n  .agents/plugins/marketplace.json\n`,
  );
  expect(text).toMatch(/\nNext:\n {2}cd word-count\n {2}node --test +runs the test of the server\n/);
  const inside = { ...how, cwd: join(home.folder, 'word-count') };

  const tested = home.command(process.execPath, ['--test', '--test-reporter=tap'], inside);
  expect([await tested.ended, tested.stderr()]).toEqual([0, '']);
  expect(tested.stdout()).toMatch(/^# pass 5$/m);

  const validated = await report<ValidateReport>(home, ['plugin', 'validate', '.', '--strict'], inside);
  expect(validated.summary).toEqual({ error: 0, warning: 0, note: 0 });

  await said(home, ['plugin', 'marketplace', 'add', '.'], inside);
  const added = await home.finish(['plugin', 'add', 'word-count@word-count-marketplace', '--yes'], inside);
  expect(added.status).toBe(0);
  const agent = home.pipe();
  await agent.initialize();
  expect(await callText(agent, 'word_count__count_words', { text: 'one two' })).toBe(
    '{"words":2,"lines":1,"characters":7}',
  );
  await agent.close();
});

test.each(['codex', 'claude', 'agent-plugins'])(
  'a new plugin of the family %s loads in every client that knows the family',
  async (family) => {
    const home = createHome();
    const how = beside(home);
    const made = await report(
      home,
      ['plugin', 'new', 'x', '--family', family, '--dir', 'here/there', '--author', 'Ada'],
      how,
    );
    expect(made).toMatchObject({
      schemaVersion: 1,
      name: 'x',
      family,
      dir: join(home.folder, 'here', 'there'),
      marketplaceName: 'x-marketplace',
    });
    const { summary, plugins } = await report<ValidateReport>(
      home,
      ['plugin', 'validate', 'here/there', '--strict'],
      how,
    );
    expect(summary).toEqual({ error: 0, warning: 0, note: 0 });
    const verdicts = Object.fromEntries(
      (plugins[0]?.clients ?? []).map(({ subject, cells }) => [
        subject,
        Object.values(cells).map(({ verdict }) => verdict),
      ]),
    );
    const want: Readonly<Record<string, unknown>> = {
      codex: { plugin: ['loads', 'loads', 'refuses'], server: ['loads', 'loads', 'refuses'] },
      // Claude fills in a placeholder that Codex does not know.
      claude: { plugin: ['loads', 'loads', 'refuses'], server: ['partly', 'partly', 'refuses'] },
      'agent-plugins': { plugin: ['refuses', 'loads', 'loads'], server: ['refuses', 'loads', 'loads'] },
    };
    expect(verdicts).toEqual(want[family]);
  },
);

test('a folder with something in it, a bad name and an unknown family are refused, and nothing is written', async () => {
  const home = createHome();
  const how = beside(home);
  mkdirSync(join(home.folder, 'taken'), { recursive: true });
  writeFileSync(join(home.folder, 'taken', 'mine.txt'), 'mine');
  expect(await refusal(home, ['plugin', 'new', 'x', '--dir', 'taken'], how)).toMatchObject({
    status: 2,
    code: 'USAGE',
    message: 'the folder is not empty',
    where: join(home.folder, 'taken'),
  });
  expect(readdirSync(join(home.folder, 'taken'))).toEqual(['mine.txt']);
  expect(readFileSync(join(home.folder, 'taken', 'mine.txt'), 'utf8')).toBe('mine');
  expect(await refusal(home, ['plugin', 'new', 'Word Count'], how)).toMatchObject({
    status: 2,
    code: 'USAGE',
    hint: 'for example: plugboard plugin new word-count',
  });
  expect(await refusal(home, ['plugin', 'new', 'x', '--family', 'claud'], how)).toMatchObject({
    status: 2,
    code: 'USAGE',
    hint: 'did you mean claude?',
  });
  expect(existsSync(join(home.folder, 'x'))).toBe(false);
});
