import type { OptionSpec } from './command.ts';

/** What every command takes. */
export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { name: 'config', value: 'FILE', help: "use this file instead of the home's config.toml" },
  { name: 'set', short: 'c', value: 'KEY=VALUE', many: true, help: 'override one configuration key' },
  { name: 'project', value: 'DIR', help: 'the project whose configuration is read (default: the working folder)' },
  {
    name: 'passphrase-file',
    value: 'FILE',
    help: 'file with the passphrase of the key to the secrets (default: PLUGBOARD_SECRETS_PASSPHRASE)',
  },
  { name: 'json', help: 'print the report as JSON' },
];

/** The same beside a command's own options: where a long name is taken, the short one stays. */
export function globalsBeside(taken: readonly string[]): readonly OptionSpec[] {
  return GLOBAL_OPTIONS.map((option) => {
    const { short, ...rest } = option;
    return short !== undefined && taken.includes(option.name) ? { ...rest, name: short } : option;
  });
}

/** What the commands of a word are about, where several words have it in front. */
export const GROUPS: Readonly<Record<string, string>> = {
  mcp: 'Manage MCP servers',
  plugin: 'Manage plugins',
  'plugin marketplace': 'Add, list, upgrade or remove the marketplaces that plugins come from',
  tools: 'What an agent sees, and a call from the shell',
  token: 'Manage the tokens of the HTTP endpoint',
  secret: 'Manage the secrets that plugins and servers get',
  config: 'Read and edit the configuration',
  connect: "Write Plugboard into an agent's configuration",
};
