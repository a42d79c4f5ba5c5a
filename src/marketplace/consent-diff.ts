import { isDeepStrictEqual } from 'node:util';
import { commandLine } from '../kernel/index.ts';
import { hookWithoutDigests } from './consent.ts';
import type { ConsentFacts, ConsentServer, ConsentSetting, PluginSource } from './types.ts';

/** One difference between what was agreed to and what is there now. */
export type ConsentChange = {
  readonly kind: 'added' | 'removed' | 'changed';
  /** What it is about: `server docs`, `hook`, `setting token`. */
  readonly subject: string;
  /** One line, for people. */
  readonly text: string;
  /** The plugin would run, contact, read or be told more than before, so that the user has to agree again. */
  readonly widens: boolean;
};

/**
 * What is different in the new facts, in their order.
 *
 * Whatever is added widens, and so does whatever runs or is contacted and is not the same as before: nobody can tell from
 * another command or address that it does less. Skills, commands and agents that are added widen too: an agent does as they
 * say. What is taken away does not widen, nor do versions, revisions and policies of the marketplace, which change with every
 * release and say nothing of what the plugin may do. A plugin that comes from elsewhere widens; a folder that only moved
 * within its marketplace or repository does not, since whoever could move it could have changed it.
 */
export function diffConsent(before: ConsentFacts, after: ConsentFacts): readonly ConsentChange[] {
  return [
    ...origins(before, after),
    ...servers(before, after),
    ...settings(before, after),
    ...hooks(before, after),
    ...listed('skill', [before.skills, after.skills]),
    ...listed('command', [before.commands, after.commands]),
    ...listed('agent', [before.agents, after.agents]),
    ...listed('app', [before.apps, after.apps]),
  ];
}

type Pair<T> = readonly [before: T, after: T];

function origins(before: ConsentFacts, after: ConsentFacts): readonly ConsentChange[] {
  const marketplaces = [before.marketplaceSource.source, after.marketplaceSource.source] as const;
  const sources = [sourceText(before.source), sourceText(after.source)] as const;
  const elsewhere = !isDeepStrictEqual(whoseSource(before.source), whoseSource(after.source));
  return [
    ...changed('marketplace', marketplaces, { widens: true }),
    ...(isInSnapshot(before) && isInSnapshot(after) ? [] : changed('source', sources, { widens: elsewhere })),
    ...changed('version', [before.version, after.version], { widens: false }),
    ...changed('revision', [before.revision ?? 'none', after.revision ?? 'none'], { widens: false }),
    ...changed('installation policy', [before.installPolicy, after.installPolicy], { widens: false }),
    ...changed('authentication policy', [before.authPolicy, after.authPolicy], { widens: false }),
  ];
}

/** Who decides what is in a source: the marketplace itself, a repository, a package of a registry. */
function whoseSource(source: PluginSource): readonly (string | undefined)[] {
  switch (source.source) {
    case 'local':
      return ['local'];
    case 'git':
    case 'git-subdir':
      return ['git', source.url];
    case 'npm':
      return ['npm', source.package, source.registry];
    default:
      return source satisfies never;
  }
}

function sourceText(source: PluginSource): string {
  return Object.values(source).join(' ');
}

/** In the files that were fetched of a git marketplace: these get a new folder with every revision, which says nothing. */
function isInSnapshot({ source, marketplaceSource }: ConsentFacts): boolean {
  return source.source === 'local' && marketplaceSource.sourceType === 'git';
}

function servers(before: ConsentFacts, after: ConsentFacts): readonly ConsentChange[] {
  const known = new Map(before.servers.map((server) => [server.name, server]));
  const kept = new Set(after.servers.map(({ name }) => name));
  return [
    ...after.servers.flatMap((server) => {
      const old = known.get(server.name);
      return old === undefined
        ? [serverLine('added', server), ...serverChanges(null, server)]
        : serverChanges(old, server);
    }),
    ...before.servers.filter(({ name }) => !kept.has(name)).map((server) => serverLine('removed', server)),
  ];
}

function serverLine(kind: 'added' | 'removed', server: ConsentServer): ConsentChange {
  return { kind, subject: `server ${server.name}`, text: whatRuns(server), widens: kind === 'added' };
}

function whatRuns({ command, url }: ConsentServer): string {
  if (command !== null) return `runs ${commandLine(command)}`;
  return url === null ? 'runs nothing' : `contacts ${url}`;
}

/** A server that runs the same and does nothing else. */
function bare(server: ConsentServer): ConsentServer {
  return {
    ...server,
    ...{ unpinned: null, envNames: [], setsEnv: [], headers: [], headersHelper: null, valueDigests: [] },
    ...{ cwd: null, files: [], roots: [], sharing: 'auto', enabled: true },
    ...{ settings: [], authModel: 'none', dataClasses: [], enabledTools: null, disabledTools: [], requests: [] },
  };
}

/** null before: a server that was added, of which everything is told that it does besides running. */
function serverChanges(before: ConsentServer | null, now: ConsentServer): readonly ConsentChange[] {
  const old = before ?? bare(now);
  const isNew = before === null;
  const subject = `server ${now.name}`;
  const tells = (pair: Pair<string>, widens: boolean, words = ''): readonly ConsentChange[] =>
    changed(subject, pair, { widens, words, isNew });
  const lists = (words: string, of: (server: ConsentServer) => readonly string[]): readonly ConsentChange[] =>
    listed(subject, [of(old), of(now)], words);
  const helpers = [old.headersHelper ?? 'nothing', now.headersHelper ?? 'nothing'] as const;
  const folders = [old.cwd ?? 'its own folder', now.cwd ?? 'its own folder'] as const;
  const pinning = [old.unpinned ?? 'no', now.unpinned ?? 'no'] as const;
  return [
    ...(isDeepStrictEqual([old.command, old.url], [now.command, now.url])
      ? []
      : [{ kind: 'changed', subject, text: `${whatRuns(now)} (before: ${whatRuns(old)})`, widens: true } as const]),
    ...tells(folders, true, 'runs in '),
    ...tells(pinning, now.unpinned !== null, 'what runs is decided when it starts: '),
    ...tells(helpers, now.headersHelper !== null, 'gets headers from '),
    ...lists('reads the variable ', ({ envNames }) => envNames),
    ...lists('sets the variable ', ({ setsEnv }) => setsEnv),
    ...lists('sends the header ', ({ headers }) => headers),
    ...lists('reads the file ', ({ files }) => files),
    ...lists('is told of the folder ', ({ roots }) => roots),
    ...tells([old.sharing, now.sharing], now.sharing === 'auto', 'shares connections: '),
    ...tells([startText(old), startText(now)], now.enabled),
    ...values(subject, [old, now]),
    ...lists('gets the setting ', (server) => server.settings),
    ...tells([old.authModel, now.authModel], now.authModel !== 'none', 'signs in by '),
    ...lists('may return the data ', ({ dataClasses }) => dataClasses),
    ...tools(subject, [old, now], isNew),
    ...lists('asks ', ({ requests }) => requests),
  ];
}

function startText({ enabled }: ConsentServer): string {
  return enabled ? 'starts by itself' : 'starts only once you enable it';
}

/** A name that came says so itself. */
function values(subject: string, [old, now]: Pair<ConsentServer>): readonly ConsentChange[] {
  const known = new Set([...old.setsEnv, ...old.headers]);
  return compare(old.valueDigests, now.valueDigests).added.flatMap((added) => {
    const [name = ''] = added.split(' ');
    const text = `sets ${name} to another value`;
    return known.has(name) ? [{ kind: 'changed', subject, text, widens: true } as const] : [];
  });
}

/** What may be called: the list of what is offered, without what is hidden. */
function tools(subject: string, [old, now]: Pair<ConsentServer>, isNew: boolean): readonly ConsentChange[] {
  const offered = (names: readonly string[] | null): string => (names === null ? 'all' : names.join(', ') || 'none');
  const more = compare(old.enabledTools ?? [], now.enabledTools ?? []).added.length > 0;
  const offersMore = old.enabledTools !== null && (now.enabledTools === null || more);
  const { added: hidden, removed: unhidden } = compare(old.disabledTools, now.disabledTools);
  return [
    ...changed(subject, [offered(old.enabledTools), offered(now.enabledTools)], {
      widens: offersMore,
      words: 'offers the tools ',
      isNew,
    }),
    ...unhidden.map(
      (tool) => ({ kind: 'removed', subject, text: `no longer hides the tool ${tool}`, widens: true }) as const,
    ),
    ...hidden.map((tool) => ({ kind: 'added', subject, text: `hides the tool ${tool}`, widens: false }) as const),
  ];
}

function settings(before: ConsentFacts, after: ConsentFacts): readonly ConsentChange[] {
  const known = new Map(before.settings.map((setting) => [setting.key, setting]));
  const kept = new Set(after.settings.map(({ key }) => key));
  const mark = ({ sensitive, required, default: value = null }: ConsentSetting): string =>
    `${required ? 'required' : 'optional'}${sensitive ? ', secret' : ''}${value === null ? '' : `, default ${value}`}`;
  return [
    ...after.settings.flatMap((now): readonly ConsentChange[] => {
      const old = known.get(now.key);
      const subject = `setting ${now.key}`;
      if (old === undefined) return [{ kind: 'added', subject, text: mark(now), widens: true }];
      // A setting that is no secret any more is kept and shown in the clear. Another default is another program, address or
      // value wherever the setting stands; one that nobody was shown counts as another.
      const another = (now.default ?? null) !== null && now.default !== old.default;
      const widens = (now.required && !old.required) || (old.sensitive && !now.sensitive) || another;
      return changed(subject, [mark(old), mark(now)], { widens });
    }),
    ...before.settings
      .filter(({ key }) => !kept.has(key))
      .map(
        (old): ConsentChange => ({ kind: 'removed', subject: `setting ${old.key}`, text: mark(old), widens: false }),
      ),
  ];
}

/** A hook whose command stays and whose script is another one has changed: the agent runs it outside of Plugboard. */
function hooks(before: ConsentFacts, after: ConsentFacts): readonly ConsentChange[] {
  const { added, removed } = compare(before.hooks, after.hooks);
  const gone = new Map(removed.map((hook) => [hookWithoutDigests(hook), hook]));
  const arrived = added.map((hook): ConsentChange => {
    const rescripted = gone.delete(hookWithoutDigests(hook));
    const text = rescripted ? `${hook}: its script is another one` : hook;
    return { kind: rescripted ? 'changed' : 'added', subject: 'hook', text, widens: true };
  });
  const left = [...gone.values()].map(
    (text): ConsentChange => ({ kind: 'removed', subject: 'hook', text, widens: false }),
  );
  return [...arrived, ...left];
}

/** What came to a list and what went from it. */
function listed(subject: string, pair: Pair<readonly string[]>, words = ''): readonly ConsentChange[] {
  const { added, removed } = compare(...pair);
  return [
    ...added.map((item): ConsentChange => ({ kind: 'added', subject, text: `${words}${item}`, widens: true })),
    ...removed.map((item): ConsentChange => ({ kind: 'removed', subject, text: `${words}${item}`, widens: false })),
  ];
}

type Difference = { readonly added: readonly string[]; readonly removed: readonly string[] };

function compare(before: readonly string[], after: readonly string[]): Difference {
  const old = new Set(before);
  const now = new Set(after);
  return { added: [...now].filter((item) => !old.has(item)), removed: [...old].filter((item) => !now.has(item)) };
}

type Telling = { readonly widens: boolean; readonly words?: string; readonly isNew?: boolean };

/** `isNew`: the subject itself was added, and has no before. */
function changed(
  subject: string,
  [before, after]: Pair<string>,
  { widens, words = '', isNew = false }: Telling,
): readonly ConsentChange[] {
  if (before === after) return [];
  if (isNew) return [{ kind: 'added', subject, text: `${words}${after}`, widens }];
  return [{ kind: 'changed', subject, text: `${words}${after} (before: ${before})`, widens }];
}
