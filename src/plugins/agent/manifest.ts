import { type Located, type LocatedTable, read } from '../../config/index.ts';
import { kindOf, type Reading, tell } from '../reading.ts';

/**
 * The manifest of the Agent Plugins standard, a closed schema.
 *
 * @see Agent Plugins Specification 1.0.0 §5, and the draft of 1.1.0
 */
const MANIFEST_SCHEMA = /^https:\/\/agent-plugins\.org\/schemas\/([^/]+)\/plugin\.schema\.json$/;

export const AGENT_VERSIONS: readonly string[] = ['1.0.0', '1.1.0'];
/** Under this key of `extensions` stands what is ours. */
export const NAMESPACE = 'dev.plugboard';

export function agentSchema(version: string, file: 'plugin' | 'mcp'): string {
  return `https://agent-plugins.org/schemas/${version}/${file}.schema.json`;
}

/** The version that a manifest says it follows; null when it is none of Agent Plugins. */
export function schemaVersion(manifest: Located): string | null {
  const schema = manifest.kind === 'table' ? read.text(manifest, '$schema') : undefined;
  return MANIFEST_SCHEMA.exec(schema ?? '')?.[1] ?? null;
}

const TEXTS: readonly string[] = ['version', 'description', 'homepage', 'repository', 'license'];
const NAME = /^(?!.*(?:--|\.\.))[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/;

/**
 * Holds a manifest against its schema.
 *
 * @returns The keys that are read, ours out of `extensions` among them; null when the plugin has to be refused.
 */
export function checkAgentManifest(reading: Reading, manifest: Located, version: string): LocatedTable | null {
  if (manifest.kind !== 'table') return null;
  if (!AGENT_VERSIONS.includes(version)) {
    const place = manifest.entries.get('$schema')?.at ?? manifest.at;
    const message = `names a version of Agent Plugins that is not known here; known are ${AGENT_VERSIONS.join(' and ')}`;
    tell(reading, { key: ['$schema'], place }, { code: 'PLUGIN_SCHEMA', message });
    return null;
  }
  const checks = [...manifest.entries].map(([key, value]) => checkField(reading, [key, value], version));
  if (!manifest.entries.has('name')) {
    tell(reading, { key: ['name'], place: manifest.at }, { code: 'PLUGIN_SCHEMA', message: 'is missing' });
    return null;
  }
  if (!checks.every(Boolean)) return null;
  return readTable(reading, manifest);
}

/** The manifest as those of other families say it. */
function readTable(reading: Reading, manifest: LocatedTable): LocatedTable {
  const entries = new Map<string, Located>();
  for (const key of ['name', 'version', 'description', 'homepage']) {
    const value = manifest.entries.get(key);
    if (value !== undefined) entries.set(key, value);
  }
  const displayName = read.tableAt(manifest, 'presentation')?.entries.get('displayName');
  if (displayName !== undefined) entries.set('displayName', displayName);
  const ours = extensionOf(reading, manifest, []);
  for (const [key, value] of ours?.entries ?? []) {
    if (key === 'user_config' || key === 'userConfig' || key === 'category') entries.set(key, value);
    else {
      const message = 'is not known and has no effect';
      const at = { key: ['extensions', NAMESPACE, key], place: value.origin };
      tell(reading, at, { code: 'PLUGIN_UNKNOWN_KEY', severity: 'warning', message });
    }
  }
  return { ...manifest, entries };
}

/** Our part of an `extensions`; what others have there is not looked at. */
export function extensionOf(reading: Reading, owner: LocatedTable, path: readonly string[]): LocatedTable | undefined {
  const ours = read.tableAt(owner, 'extensions')?.entries.get(NAMESPACE);
  if (ours === undefined || ours.kind === 'table') return ours;
  const message = `must be an object, and is ${kindOf(ours)}; it is left out`;
  const at = { key: [...path, 'extensions', NAMESPACE], place: ours.at };
  tell(reading, at, { code: 'PLUGIN_WRONG_TYPE', severity: 'warning', message });
  return undefined;
}

/** True unless the field has to stop the plugin. */
function checkField(reading: Reading, [key, value]: readonly [string, Located], version: string): boolean {
  const at = { key: [key], place: value.at };
  const refuse = (message: string): false => {
    tell(reading, at, { code: 'PLUGIN_SCHEMA', message });
    return false;
  };
  if (key === '$schema') return true;
  if (key === 'name') return isText(value) && isName(value.value) ? true : refuse(nameRule(value));
  if (TEXTS.includes(key)) return isText(value) || refuse(`must be a string, and is ${kindOf(value)}`);
  if (key === 'author') return isTextTable(value, ['name', 'email', 'url']) || refuse(fieldsRule('name, email, url'));
  if (key === 'presentation' && version !== '1.0.0') {
    return isTextTable(value, ['displayName', 'icon']) || refuse(fieldsRule('displayName, icon'));
  }
  if (key === 'keywords') {
    return (value.kind === 'list' && value.items.every(isText)) || refuse('must be an array of strings');
  }
  if (key === 'extensions') {
    if (value.kind === 'table') return true;
    const message = `must be an object, and is ${kindOf(value)}; it is left out`;
    tell(reading, at, { code: 'PLUGIN_SCHEMA', severity: 'warning', message });
    return true;
  }
  const message = 'is not a key of Agent Plugins, and has no effect';
  const hint = 'what is for one client belongs under `extensions`';
  tell(reading, { ...at, place: value.origin }, { code: 'PLUGIN_UNKNOWN_KEY', severity: 'warning', message, hint });
  return true;
}

function isText(value: Located): value is Located & { readonly kind: 'scalar'; readonly value: string } {
  return value.kind === 'scalar' && typeof value.value === 'string';
}

function isName(text: string): boolean {
  return text.length <= 64 && NAME.test(text);
}

function nameRule(value: Located): string {
  return isText(value)
    ? 'must have 1 to 64 lower-case letters, digits, `-` and `.`, start and end with a letter or digit, and hold no `--` or `..`'
    : `must be a string, and is ${kindOf(value)}`;
}

function isTextTable(value: Located, keys: readonly string[]): boolean {
  return value.kind === 'table' && [...value.entries].every(([key, item]) => keys.includes(key) && isText(item));
}

function fieldsRule(names: string): string {
  return `must be an object of strings with no other keys than ${names}`;
}
