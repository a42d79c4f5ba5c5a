import { isJsonObject, type JsonObject, type JsonValue } from '../kernel/index.ts';
import type { Bundle, EntryFacts } from '../plugins/index.ts';
import { isAgentPlugins, readAsAgentPlugins } from './clients-agent.ts';
import { CODEX_FACTS, type CodexVersion, codexServerCell, type CodexFacts as Facts } from './clients-codex-server.ts';
import {
  type ClientCell,
  type ClientReading,
  ignores,
  LOADS,
  loadsWith,
  readJsonFile,
  refusedReading,
  stringsIn,
} from './clients-reading.ts';

const DEFAULT_MCP_FILE = '.mcp.json';
const MAX_PROMPTS = 3;

/** A bundle with the eyes of Codex. */
export function readAsCodex(
  version: CodexVersion,
  { bundle, entry }: { readonly bundle: Bundle; readonly entry: EntryFacts | null },
): ClientReading {
  const facts = CODEX_FACTS[version];
  if (facts.standard && isAgentPlugins(bundle)) return readAsAgentPlugins(bundle, { sse: false });
  const path = facts.manifests.find((candidate) => bundle.read(candidate).kind !== 'absent');
  if (path === undefined) return withoutManifest(facts, bundle, entry);
  const file = readJsonFile(bundle, path);
  if (file.kind !== 'object') return refusedReading(file.kind === 'absent' ? NO_MANIFEST : file.reason);
  const manifest = file.value;
  const problem = manifestProblem(manifest, facts, entry);
  if (problem !== null) return refusedReading(problem);
  const found = declaredServers(manifest['mcpServers'], { bundle, facts });
  return readingOf({ plugin: loadsWith([...found.notes, ...promptNotes(manifest, facts)]), found, bundle, facts });
}

const NO_MANIFEST = 'there is no manifest where it looks: "missing plugin.json"';

function withoutManifest(facts: Facts, bundle: Bundle, entry: EntryFacts | null): ClientReading {
  const holdsAny =
    entry?.mcpServers !== undefined || ['.mcp.json', 'skills'].some((path) => bundle.look(path).kind !== 'absent');
  if (!facts.standard || !holdsAny) return refusedReading(NO_MANIFEST);
  const found = declaredServers(entry?.mcpServers, { bundle, facts });
  return readingOf({ plugin: loadsWith(found.notes), found, bundle, facts });
}

function manifestProblem(manifest: JsonObject, facts: Facts, entry: EntryFacts | null): string | null {
  const { name = '', mcpServers = null } = manifest;
  if (typeof name !== 'string') return '`name` is no string: "missing or invalid plugin.json"';
  if (!facts.inline && mcpServers !== null && typeof mcpServers !== 'string')
    return '`mcpServers` may only be a path: "missing or invalid plugin.json"';
  if (entry !== null && name !== '' && name !== entry.name) return '`name` is not the name in the marketplace';
  return null;
}

function promptNotes({ interface: face }: JsonObject, { promptChars }: Facts): readonly string[] {
  const prompts = isJsonObject(face) ? stringsIn(face['defaultPrompt']) : [];
  return [
    ...(prompts.length > MAX_PROMPTS ? [`\`interface.defaultPrompt\` has more than ${MAX_PROMPTS} prompts`] : []),
    ...(prompts.some((prompt) => [...prompt].length > promptChars)
      ? [`\`interface.defaultPrompt\` has a prompt of more than ${promptChars} characters`]
      : []),
  ];
}

type Declared = {
  readonly servers: JsonObject;
  /** Why another server is not among them. */
  readonly elsewhere: string;
  readonly notes: readonly string[];
};

/** What `mcpServers` of a manifest, or of the marketplace's entry, leads to. */
function declaredServers(
  value: JsonValue | undefined,
  { bundle, facts }: { readonly bundle: Bundle; readonly facts: Facts },
): Declared {
  const fromFile = (path: string, notes: readonly string[]): Declared => {
    const elsewhere = `only \`${path}\` is read for servers`;
    const file = readJsonFile(bundle, path);
    if (file.kind === 'object') return { servers: unwrapped(file.value), elsewhere, notes };
    const missing = path === DEFAULT_MCP_FILE ? [] : [`\`${path}\` is not there, so there are no servers`];
    return {
      servers: {},
      elsewhere,
      notes: [...notes, ...(file.kind === 'absent' ? missing : [`${file.reason}, so there are no servers`])],
    };
  };
  if (value === undefined || value === null) return fromFile(DEFAULT_MCP_FILE, []);
  if (isJsonObject(value) && facts.inline)
    return { servers: unwrapped(value), elsewhere: 'only the servers in the manifest are read', notes: [] };
  if (typeof value === 'string' && isPlainPath(value)) return fromFile(value.replace(/^(?:\.\/)+/, ''), []);
  const what =
    typeof value === 'string'
      ? 'is not a path that starts with `./` and has no `..`'
      : 'is neither a path nor an object';
  return fromFile(DEFAULT_MCP_FILE, [`\`mcpServers\` ${what}: it is passed over, and \`.mcp.json\` read instead`]);
}

function isPlainPath(path: string): boolean {
  return path.startsWith('./') && !path.split('/').includes('..');
}

function unwrapped(value: JsonObject): JsonObject {
  return isJsonObject(value['mcpServers']) ? value['mcpServers'] : value;
}

function readingOf({
  plugin,
  found,
  bundle,
  facts,
}: {
  readonly plugin: ClientCell;
  readonly found: Declared;
  readonly bundle: Bundle;
  readonly facts: Facts;
}): ClientReading {
  const cells = Object.entries(found.servers).map(([name, value]): [string, ClientCell] => [
    name,
    codexServerCell(name, value ?? null, { bundle, facts }),
  ]);
  return {
    plugin,
    servers: new Map(cells),
    elsewhere: found.elsewhere,
    readPart: (part) => {
      if (part === 'user_config')
        return ignores('settings are not known; a reference to one reaches the server as it stands');
      return part === 'commands' || part === 'agents' ? ignores('it has no such part') : LOADS;
    },
  };
}
