import { join } from 'node:path';
import { applyEdits, type Edit, findNodeAtLocation, modify, type Node, parseTree } from 'jsonc-parser';
import type { Issue } from '../kernel/index.ts';
import {
  agentSchema,
  type Bundle,
  bundlePath,
  INTERFACE_KEYS,
  MANIFEST_KEYS,
  type ManifestForm,
  type Plugin,
  parseJson,
  parsePlugin,
  schemaVersion,
} from '../plugins/index.ts';

/** A change of one file. */
export type Fix = {
  /** 1-based, in the file as it was. */
  readonly line: number;
  /** What is done, as a sentence without a full stop. */
  readonly message: string;
};

export type FixedFile = {
  /** Relative to the bundle. */
  readonly path: string;
  /** What the file must still hold when it is written. */
  readonly before: string;
  readonly after: string;
  readonly fixes: readonly Fix[];
};

/**
 * The corrections of a bundle that leave no choice: keys in the spelling of another file, `./` in front of paths of files
 * that are there, a `$schema` that follows from the manifest. Layout stays as it is. What is not JSON, or has a key twice,
 * is left to its maintainer.
 */
export function planFixes(bundle: Bundle, plugin: Plugin): readonly FixedFile[] {
  const { manifestPath } = plugin;
  return [...rulesOf(plugin)].flatMap(([path, rules]) => fixFile({ bundle, manifestPath }, path, rules) ?? []);
}

/** Why files are left as they are that there may be something to fix in: the first problem of each as JSON, with its place. */
export function unfixable(bundle: Bundle, plugin: Plugin): readonly Issue[] {
  const { manifestPath } = plugin;
  return [...rulesOf(plugin)].flatMap(([path, rules]) => {
    const opened = openDocument({ bundle, manifestPath }, path);
    const [problem] = opened?.issues ?? [];
    if (opened === null || problem === undefined) return [];
    const { document } = opened;
    return document === null || rules.some((rule) => rule(document).length > 0) ? [problem] : [];
  });
}

function rulesOf({ manifestPath, mcpPath, family }: Plugin): ReadonlyMap<string, readonly FixRule[]> {
  const rules = new Map<string, readonly FixRule[]>();
  if (family === 'mcpb') return rules;
  const add = (path: string | null, more: readonly FixRule[]): void => {
    if (path !== null) rules.set(path, [...(rules.get(path) ?? []), ...more]);
  };
  if (family !== 'agent_plugins') add(manifestPath, [renameServers([]), renameServers(['mcpServers']), prefixPaths]);
  if (mcpPath !== manifestPath && family !== 'agent_plugins') add(mcpPath, [renameServers([])]);
  if (family === 'codex') add(mcpPath, [renameHeaders]);
  if (family === 'agent_plugins') add(mcpPath, [addSchema]);
  return rules;
}

type FixContext = { readonly bundle: Bundle; readonly manifestPath: string | null };

/** A document to correct: its path in the bundle, its text, without byte order mark, and its tree. */
type Document = FixContext & { readonly path: string; readonly text: string; readonly tree: Node };

/** `at` is where the line of the report is. */
type Change = { readonly at: number; readonly message: string; readonly edits: readonly Edit[] };
type FixRule = (document: Document) => readonly Change[];

const MARK = '\ufeff';

/** A file as it stands and as a document, null of what is no JSON; `issues` are those of its JSON. null for no text. */
type Opened = { readonly before: string; readonly document: Document | null; readonly issues: readonly Issue[] };

function openDocument(context: FixContext, path: string): Opened | null {
  const found = context.bundle.read(path);
  if (found.kind !== 'text') return null;
  const { value, issues } = parseJson(found.text, join(context.bundle.root, path));
  const text = found.text.startsWith(MARK) ? found.text.slice(1) : found.text;
  const tree = value === null ? undefined : parseTree(text);
  return { before: found.text, document: tree === undefined ? null : { ...context, path, text, tree }, issues };
}

function fixFile(context: FixContext, path: string, rules: readonly FixRule[]): FixedFile | null {
  const opened = openDocument(context, path);
  if (opened === null || opened.document === null || opened.issues.length > 0) return null;
  const { before, document } = opened;
  const { text } = document;
  const changes = rules.flatMap((rule) => rule(document));
  if (changes.length === 0) return null;
  const after = applyEdits(
    text,
    changes.flatMap(({ edits }) => [...edits]),
  );
  const lineOf = (offset: number): number => text.slice(0, offset).split('\n').length;
  return {
    path,
    before,
    after: before.startsWith(MARK) ? MARK + after : after,
    fixes: changes.map(({ at, message }) => ({ line: lineOf(at), message })),
  };
}

/**
 * `mcp_servers` in the object at `owners` is `mcpServers`, unless that is there too, or it is a server of that name, or
 * servers beside it would not be read any more.
 */
function renameServers(owners: readonly string[]): FixRule {
  return (document) => {
    const { tree } = document;
    const owner = owners.length === 0 ? tree : findNodeAtLocation(tree, [...owners]);
    const property = owner === undefined ? undefined : propertyOf(owner, 'mcp_servers');
    if (owner === undefined || property === undefined || propertyOf(owner, 'mcpServers') !== undefined) return [];
    const value = property.children?.[1];
    // The manifest may name a file in place of servers.
    const isPath = value?.type === 'string' && owners.length === 0 && document.path === document.manifestPath;
    const isServer =
      value?.type !== 'object' || propertyOf(value, 'command') !== undefined || propertyOf(value, 'url') !== undefined;
    const change = rename(property, 'mcpServers');
    return (isServer && !isPath) || losesServers(document, change) ? [] : [change];
  };
}

/** Whether a server of the bundle is not read any more after a change. */
function losesServers({ bundle, path, text }: Document, { edits }: Change): boolean {
  const changed = applyEdits(text, [...edits]);
  const after = serverNames({
    ...bundle,
    read: (asked) => (asked === path ? { kind: 'text', text: changed } : bundle.read(asked)),
  });
  return [...serverNames(bundle)].some((name) => name !== 'mcp_servers' && !after.has(name));
}

function serverNames(bundle: Bundle): ReadonlySet<string> {
  const { plugin } = parsePlugin({ bundle, entry: null, dataDir: '/' });
  return new Set(plugin?.servers.map(({ entry }) => entry.name));
}

/** `headers` of a server is `http_headers` for Codex. */
const renameHeaders: FixRule = ({ tree }) => {
  const wrapped = findNodeAtLocation(tree, ['mcpServers']) ?? findNodeAtLocation(tree, ['mcp_servers']);
  const inner = wrapped === undefined ? undefined : (findNodeAtLocation(wrapped, ['mcpServers']) ?? wrapped);
  const servers = (inner ?? tree).children ?? [];
  return servers.flatMap(({ children }) => {
    const server = children?.[1];
    if (server?.type !== 'object' || propertyOf(server, 'url') === undefined) return [];
    const headers = propertyOf(server, 'headers');
    return headers === undefined || propertyOf(server, 'http_headers') !== undefined
      ? []
      : [rename(headers, 'http_headers')];
  });
};

/** Keys whose values are paths, or lists of paths. */
const PATH_FORMS: readonly ManifestForm[] = ['path', 'paths', 'servers', 'hooks', 'apps'];
const PATH_KEYS: readonly (readonly string[])[] = [
  ...MANIFEST_KEYS.filter(({ form }) => PATH_FORMS.includes(form)).map(({ key }) => [key]),
  ...INTERFACE_KEYS.filter(({ form }) => PATH_FORMS.includes(form)).map(({ key }) => ['interface', key]),
];

const prefixPaths: FixRule = ({ tree, bundle }) =>
  PATH_KEYS.flatMap((path) => {
    const value = findNodeAtLocation(tree, [...path]);
    const nodes = value?.type === 'array' ? (value.children ?? []) : value === undefined ? [] : [value];
    return nodes.flatMap((node) => {
      const text: unknown = node.value;
      if (node.type !== 'string' || typeof text !== 'string' || text.startsWith('.')) return [];
      const place = bundlePath(text);
      const there = place.kind === 'inside' && place.path !== '' && bundle.look(place.path).kind !== 'absent';
      const edit = { offset: node.offset, length: node.length, content: JSON.stringify(`./${text}`) };
      return there
        ? [{ at: node.offset, message: `\`./\` goes in front of the path in \`${path.join('.')}\``, edits: [edit] }]
        : [];
    });
  });

/** `mcp.json` follows the version that the manifest names. */
const addSchema: FixRule = ({ text, tree, bundle, manifestPath }) => {
  if (tree.type !== 'object' || propertyOf(tree, '$schema') !== undefined || manifestPath === null) return [];
  const manifest = bundle.read(manifestPath);
  const parsed = manifest.kind === 'text' ? parseJson(manifest.text, manifestPath).value : null;
  const version = parsed === null ? null : schemaVersion(parsed);
  if (version === null) return [];
  const edits = modify(text, ['$schema'], agentSchema(version, 'mcp'), {
    formattingOptions: layoutOf(text),
    getInsertionIndex: () => 0,
  });
  return [{ at: tree.offset, message: '`$schema` is added', edits }];
};

/** How a text is indented and ends its lines, for what is added to it. */
function layoutOf(text: string): { readonly tabSize: number; readonly insertSpaces: boolean; readonly eol: string } {
  const indent = /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ';
  return { tabSize: indent.length, insertSpaces: !indent.startsWith('\t'), eol: text.includes('\r\n') ? '\r\n' : '\n' };
}

function propertyOf(owner: Node, key: string): Node | undefined {
  return owner.type === 'object' ? owner.children?.find(({ children }) => children?.[0]?.value === key) : undefined;
}

function rename(property: Node, to: string): Change {
  const [key] = property.children ?? [];
  const { offset, length } = key ?? property;
  const message = `\`${String(key?.value)}\` is renamed to \`${to}\``;
  return { at: offset, message, edits: [{ offset, length, content: JSON.stringify(to) }] };
}
