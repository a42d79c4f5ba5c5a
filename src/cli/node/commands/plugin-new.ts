import { relative, resolve } from 'node:path';
import { planScaffold, SCAFFOLD_FAMILIES, type ScaffoldFamily, scaffoldMarketplace } from '../../../authoring/index.ts';
import { writeScaffold } from '../../../authoring/node/index.ts';
import { AppError, nearest, printableLine } from '../../../kernel/index.ts';
import { accountName, makeFolder } from '../../../kernel/node/index.ts';
import { pluginId } from '../../../marketplace/index.ts';
import type { CliCommand } from '../context.ts';

type Made = {
  readonly schemaVersion: 1;
  readonly name: string;
  readonly family: ScaffoldFamily;
  /** Absolute. */
  readonly dir: string;
  /** Relative to `dir`. */
  readonly files: readonly string[];
  readonly marketplaceName: string;
};

export const pluginNew: CliCommand<Made> = {
  name: 'plugin new',
  summary: 'Make a plugin with a small server and a test, in a marketplace of its own',
  examples: ['plugboard plugin new word-count', 'plugboard plugin new word-count --family claude --dir ./my-plugins'],
  args: [{ name: 'NAME', help: 'name of the plugin: lower-case letters, digits and hyphens', required: true }],
  options: [
    { name: 'dir', value: 'DIR', help: 'the folder to make (default: NAME)' },
    { name: 'family', value: 'FAMILY', help: `whose format: ${SCAFFOLD_FAMILIES.join(', ')} (default: codex)` },
    { name: 'author', value: 'AUTHOR', help: 'who the manifest says made it (default: the name of your account)' },
  ],
  run: async ({ cwd }, input) => {
    const name = input.args['NAME'] ?? '';
    const family = familyOf(input.values['family'] ?? 'codex');
    const files = planScaffold({ name, family, author: input.values['author'] || accountName() });
    const dir = resolve(cwd, input.values['dir'] ?? name);
    await writeScaffold(dir, files, makeFolder);
    const marketplaceName = scaffoldMarketplace(name);
    return { schemaVersion: 1, name, family, dir, files: files.map(({ path }) => path), marketplaceName };
  },
  render: ({ name, dir, files, marketplaceName }, { cwd }) => {
    const steps: readonly (readonly [string, string])[] = [
      [`cd ${relative(cwd, dir) || '.'}`, ''],
      ['node --test', 'runs the test of the server'],
      ['plugboard plugin validate .', 'says what is wrong, and what each client makes of it'],
      [`plugboard plugin dev plugins/${name}`, 'runs it, and again after each change'],
      ['plugboard plugin marketplace add .', 'makes it known on this machine'],
      [`plugboard plugin add ${pluginId(name, marketplaceName)}`, 'installs it'],
    ];
    const width = Math.max(...steps.map(([command]) => command.length));
    return [
      printableLine(`Made ${name} in ${dir}:`),
      ...files.map((file) => `  ${file}`),
      '',
      'Next:',
      ...steps.map(([command, what]) => printableLine(`  ${command.padEnd(width)}  ${what}`.trimEnd())),
    ].join('\n');
  },
  exitCode: () => 0,
};

/** @throws AppError `USAGE` */
function familyOf(text: string): ScaffoldFamily {
  const family = SCAFFOLD_FAMILIES.find((candidate) => candidate === text);
  if (family !== undefined) return family;
  const near = nearest(text, SCAFFOLD_FAMILIES);
  throw new AppError(
    'USAGE',
    `--family must be one of ${SCAFFOLD_FAMILIES.join(', ')}`,
    near === null ? {} : { hint: `did you mean ${near}?` },
  );
}
