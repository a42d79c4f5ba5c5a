import type { Issue } from '../kernel/index.ts';
import { type CheckContext, checkTable, found } from './check.ts';
import { PROVIDER_KEYS } from './keys.ts';
import type { Located, LocatedTable } from './located.ts';
import * as read from './read.ts';
import { hasReferences, isProviderScheme } from './references.ts';
import type { Config, SecretProvider } from './types.ts';

type Report = (issue: Issue) => void;

/** Reads `[secret_providers]`. One that cannot be used is left out: what refers to it then says so, too. */
export function parseSecretProviders(merged: LocatedTable, report: Report): Config['secretProviders'] {
  const providers = new Map<string, SecretProvider>();
  const node = merged.entries.get('secret_providers');
  if (node !== undefined && node.kind !== 'table')
    found({ path: ['secret_providers'], report }, node.at, { code: 'CONFIG_WRONG_TYPE', message: 'must be a table' });
  if (node?.kind !== 'table') return providers;
  for (const [scheme, table] of node.entries) {
    const provider = parseProvider(scheme, table, report);
    if (provider !== null) providers.set(scheme, provider);
  }
  return providers;
}

function parseProvider(scheme: string, node: Located, report: Report): SecretProvider | null {
  let fine = true;
  const context: CheckContext = {
    path: ['secret_providers', scheme],
    report: (issue) => {
      fine &&= issue.severity !== 'error';
      report(issue);
    },
  };
  const wrong = (place: Located, message: string, hint?: string): void =>
    found(context, place.at, { code: 'CONFIG_WRONG_TYPE', message, ...(hint === undefined ? {} : { hint }) });
  if (!isProviderScheme(scheme)) wrong(node, 'has a name that no `${secret:SCHEME://…}` can have', NAME_HINT);
  if (node.kind !== 'table') {
    wrong(node, 'must be a table');
    return null;
  }
  const table = withCommandList(node);
  checkTable(table, { keys: PROVIDER_KEYS }, context);
  const [program, ...first] = read.textList(table, 'command') ?? [];
  if (fine && program === undefined) wrong(node, 'needs `command` with at least the program', COMMAND_HINT);
  const args = [...first, ...(read.textList(table, 'args') ?? [])];
  if (program !== undefined && [program, ...args].some(hasReferences))
    wrong(node, 'holds a reference, and nothing is filled in here', 'name the variable in its `env_vars`');
  if (!fine || program === undefined) return null;
  return {
    scheme,
    origin: node.origin,
    command: [program, ...args],
    envVars: read.textList(table, 'env_vars') ?? [],
  };
}

const NAME_HINT = 'use letters, digits, `-` and `_`, starting with a letter';
const COMMAND_HINT = 'for example: command = ["op", "read"]';

/** A text alone is a program without arguments. */
function withCommandList(table: LocatedTable): LocatedTable {
  const command = table.entries.get('command');
  if (command?.kind !== 'scalar' || typeof command.value !== 'string') return table;
  const list: Located = { kind: 'list', origin: command.origin, at: command.at, items: [command] };
  return { ...table, entries: new Map(table.entries).set('command', list) };
}
