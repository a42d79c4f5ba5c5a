import { scanReferences } from '../config/index.ts';
import { commandLine, printableLine } from '../kernel/index.ts';
import {
  type ConsentChange,
  type ConsentFacts,
  type ConsentServer,
  consentDefault,
  type PluginSource,
} from '../marketplace/index.ts';

/** A name and what it is; the name is left out where a line goes on with the one above. */
type Row = readonly [name: string, text: string];

/** What is known of a plugin beside what it declares. */
export type ConsentStanding = {
  /** Whether what the servers ask for is granted. */
  readonly requestsAccepted: boolean;
  /** Names of the servers whose entry has problems, so that they do not start. */
  readonly invalid: readonly string[];
  /** Whether its settings are shown elsewhere, with what is known of them, and are left out here. */
  readonly withoutSettings?: boolean;
};

/** Everything a person is asked to agree to, for people. Text from outside is made safe, and none of it is left out. */
export function renderConsent(facts: ConsentFacts, standing: ConsentStanding): string {
  const blocks = [
    [`${printableLine(facts.pluginId)} ${printableLine(facts.version)}`, ...rows(origin(facts), '  ')],
    whatRuns(facts, standing),
    rows(parts(facts, standing), '  '),
  ];
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n');
}

function origin(facts: ConsentFacts): readonly Row[] {
  const { sourceType, source } = facts.marketplaceSource;
  return [
    ['marketplace', `${source} (${sourceType})`],
    ['source', sourceText(facts.source)],
    ['revision', facts.revision ?? 'none: a folder, read as it is'],
    ['policy', `installation ${facts.installPolicy}, authentication ${facts.authPolicy}`],
  ];
}

const MARKS: Readonly<Record<ConsentChange['kind'], string>> = { added: '+', removed: '-', changed: '~' };

/** What is different from what was agreed to, for people: `!` marks what is more than that. */
export function renderChanges(changes: readonly ConsentChange[]): string {
  return changes
    .map((change) => `  ${change.widens ? '!' : ' '} ${MARKS[change.kind]} ${changeText(change)}`)
    .join('\n');
}

/** One difference as one safe line. */
export function changeText({ kind, subject, text }: ConsentChange): string {
  const verb = kind === 'added' ? 'new' : kind;
  return printableLine(`${verb}: ${subject}: ${text}`);
}

/** Where a plugin comes from, on one line: `URL, path …, ref …, sha …`, in the manner of Codex. */
export function sourceText(source: PluginSource): string {
  const named = (keys: Readonly<Record<string, string | undefined>>): string =>
    Object.entries(keys)
      .map(([name, value]) => (value === undefined ? '' : `, ${name} \`${value}\``))
      .join('');
  switch (source.source) {
    case 'local':
      return source.path;
    case 'git':
      return `${source.url}${named({ ref: source.ref, sha: source.sha })}`;
    case 'git-subdir':
      return `${source.url}${named({ path: source.path, ref: source.ref, sha: source.sha })}`;
    case 'npm':
      return `npm package ${source.package}${named({ version: source.version, registry: source.registry })}`;
    default:
      return source satisfies never;
  }
}

function whatRuns({ servers, settings }: ConsentFacts, standing: ConsentStanding): readonly string[] {
  if (servers.length === 0) return ['It brings no MCP servers.'];
  const shown = servers.flatMap((server) => [
    `  ${printableLine(server.name)} (${server.transport ?? 'no transport'}, ${server.runs})${isInvalid(server, standing) ? INVALID : ''}`,
    ...rows(serverRows(server, { ...standing, settings }), '    '),
  ]);
  return [`It brings ${servers.length === 1 ? '1 MCP server' : `${servers.length} MCP servers`}:`, ...shown];
}

const AUTH_TEXT: Readonly<Record<ConsentServer['authModel'], string>> = {
  none: 'none',
  user_oauth: 'you sign in (OAuth)',
  service_token: 'a service token',
  scoped_credential: 'a scoped credential',
};

const INVALID = ': INVALID, it will not start';

function isInvalid({ name }: Pick<ConsentServer, 'name'>, { invalid }: Pick<ConsentStanding, 'invalid'>): boolean {
  return invalid.includes(name);
}

/** A line for each server of these facts that will not start, where the differences alone do not say it. */
export function renderInvalid({ servers }: ConsentFacts, standing: Pick<ConsentStanding, 'invalid'>): string {
  return servers
    .filter((server) => isInvalid(server, standing))
    .map(({ name }) => `  server ${printableLine(name)}${INVALID}`)
    .join('\n');
}

/** A text, and what its references to settings stand for as long as the user gives nothing. */
function withDefaults(text: string, written: readonly string[], settings: ConsentFacts['settings']): string {
  const keys = written.flatMap((part) =>
    scanReferences(part, 'canonical').flatMap((piece) => (piece.kind === 'setting' ? [piece.key] : [])),
  );
  const known = settings.flatMap((setting) => {
    const value = keys.includes(setting.key) ? consentDefault(setting) : null;
    return value === null ? [] : [{ key: setting.key, value }];
  });
  const [first, ...others] = known;
  if (first === undefined) return text;
  if (others.length === 0) return `${text} (default ${first.value})`;
  return `${text} (defaults: ${known.map(({ key, value }) => `${key} = ${value}`).join(', ')})`;
}

/** What stands before the path of an address, which need not be one yet. */
function authorityOf(url: string): string {
  return /^(?:[^/]*:\/\/)?([^/?#]*)/.exec(url)?.[1] ?? '';
}

function serverRows(server: ConsentServer, standing: ConsentStanding & Pick<ConsentFacts, 'settings'>): readonly Row[] {
  const { command, host, cwd, url } = server;
  const shown = (text: string | null, written: readonly string[] = [text ?? '']): string | undefined =>
    text === null ? undefined : withDefaults(text, written, standing.settings);
  const marked = (key: string): string => {
    const setting = standing.settings.find((declared) => declared.key === key);
    return setting === undefined ? key : settingText(setting);
  };
  const wouldBe = isInvalid(server, standing);
  const granted = standing.requestsAccepted ? 'granted' : 'not granted unless you accept it';
  return [
    ...one(wouldBe ? 'would run' : 'runs', shown(command === null ? null : commandLine(command), command ?? [])),
    ...one(wouldBe ? 'would contact' : 'contacts', shown(host, [authorityOf(url ?? '')])),
    ...one('runs in', shown(cwd)),
    ...one('address', shown(url)),
    ...one(
      'unpinned',
      server.unpinned === null ? undefined : `${server.unpinned}: what runs is decided when it starts`,
    ),
    ...one('headers from', server.headersHelper ?? undefined),
    ...list('reads files', server.files),
    ...list('sends headers', server.headers),
    ...list('reads', server.envNames),
    ...list('sets', server.setsEnv),
    ...list('settings', standing.withoutSettings === true ? [] : server.settings.map(marked)),
    ['sign-in', AUTH_TEXT[server.authModel]],
    ...list('data', server.dataClasses),
    ...list('folders', server.roots),
    ...one('sharing', server.sharing === 'auto' ? undefined : 'each session has a connection of its own'),
    ...one('starts', server.enabled ? undefined : 'only once you enable it'),
    ...(server.enabledTools === null ? [] : ([['tools', listText(server.enabledTools)]] as const)),
    ...list('without tools', server.disabledTools),
    ...server.requests.map((request): Row => ['asks', `${request} (${granted})`]),
  ];
}

/** Such as `token (required, secret)`. */
function settingText(setting: ConsentFacts['settings'][number]): string {
  const value = consentDefault(setting);
  const marks = [
    setting.required ? 'required' : 'optional',
    ...(setting.sensitive ? ['secret'] : []),
    ...(value === null ? [] : [`default ${value}`]),
  ];
  return `${setting.key} (${marks.join(', ')})`;
}

/** Settings stand with the servers that read them, and here only those that none reads. */
function parts(facts: ConsentFacts, { withoutSettings }: ConsentStanding): readonly Row[] {
  const read = new Set(facts.servers.flatMap(({ settings }) => settings));
  const others = withoutSettings === true ? [] : facts.settings.filter(({ key }) => !read.has(key));
  return [
    ...list(read.size === 0 ? 'settings' : 'more settings', others.map(settingText)),
    ...facts.hooks.map((hook): Row => ['hook', `${hook} (not run by Plugboard)`]),
    ...list('skills', facts.skills),
    ...list('commands', facts.commands),
    ...list('agents', facts.agents),
    ...(facts.apps.length === 0 ? [] : ([['apps', `${listText(facts.apps)} (not connected by Plugboard)`]] as const)),
  ];
}

function one(name: string, text: string | undefined): readonly Row[] {
  return text === undefined ? [] : [[name, text]];
}

function list(name: string, items: readonly string[]): readonly Row[] {
  return items.length === 0 ? [] : [[name, listText(items)]];
}

function listText(items: readonly string[]): string {
  return items.length === 0 ? 'none' : items.join(', ');
}

/** Names in a column, each row one safe line. */
function rows(all: readonly Row[], indent: string): readonly string[] {
  const width = Math.max(0, ...all.map(([name]) => name.length));
  return all.map(([name, text]) => `${indent}${name.padEnd(width)}  ${printableLine(text)}`);
}
