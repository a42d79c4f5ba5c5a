import { type Issue, isDeeperThan, isJsonObject, type JsonObject, type JsonValue } from '../kernel/index.ts';
import { soundEntry } from './sound-entry.ts';

/** The four things a server lists. `templates` are resource templates. */
export type ListKind = 'tools' | 'resources' | 'templates' | 'prompts';

export const LIST_KINDS: readonly ListKind[] = ['tools', 'resources', 'templates', 'prompts'];

type ListFacts = {
  readonly method: string;
  /** The member of the result that holds the entries. */
  readonly member: string;
  /** The member that names an entry within its server. */
  readonly key: string;
  /** The server capability that says the list exists. */
  readonly capability: string;
};

export const LISTS: Readonly<Record<ListKind, ListFacts>> = {
  tools: { method: 'tools/list', member: 'tools', key: 'name', capability: 'tools' },
  resources: { method: 'resources/list', member: 'resources', key: 'uri', capability: 'resources' },
  templates: {
    method: 'resources/templates/list',
    member: 'resourceTemplates',
    key: 'uriTemplate',
    capability: 'resources',
  },
  prompts: { method: 'prompts/list', member: 'prompts', key: 'name', capability: 'prompts' },
};

/** What a server listed, entries by reference, in its own order. */
export type ServerLists = Readonly<Record<ListKind, readonly JsonObject[]>>;

export const NO_LISTS: ServerLists = { tools: [], resources: [], templates: [], prompts: [] };

/** Levels of nesting in an entry: more than any schema needs, and few enough that lists can be sent. */
const MAX_DEPTH = 500;

/**
 * The usable entries of all pages of one list. An entry without a name is left out and reported, as is a second one of
 * the same name or one that is nested beyond measure; of one that is not valid, what is wrong is left out.
 */
export function collectEntries(
  server: string,
  kind: ListKind,
  pages: readonly JsonValue[],
): { readonly entries: readonly JsonObject[]; readonly issues: readonly Issue[] } {
  const { member, key } = LISTS[kind];
  const entries: JsonObject[] = [];
  const issues: Issue[] = [];
  const seen = new Set<string>();
  const report = (message: string): void => {
    issues.push({ code: 'UPSTREAM_LIST_INVALID', severity: 'warning', message: `${server}: ${message}`, server });
  };
  for (const page of pages) {
    const listed = isJsonObject(page) ? page[member] : undefined;
    if (!Array.isArray(listed)) {
      report(`${LISTS[kind].method} answered without "${member}"`);
      continue;
    }
    for (const [index, entry] of listed.entries()) {
      const name = isJsonObject(entry) ? entry[key] : undefined;
      if (!isJsonObject(entry) || typeof name !== 'string' || name === '') {
        report(`${member}[${index}] has no "${key}"`);
        continue;
      }
      if (seen.has(name)) {
        report(`${member}[${index}] repeats "${name}"`);
        continue;
      }
      seen.add(name);
      if (isDeeperThan(entry, MAX_DEPTH)) {
        report(`${member}[${index}] "${name}" is nested too deeply`);
        continue;
      }
      const sound = soundEntry(kind, entry);
      entries.push(sound.entry);
      if (sound.changed.length > 0) report(`${member}[${index}] "${name}" is not valid: ${sound.changed.join(', ')}`);
    }
  }
  return { entries, issues };
}
