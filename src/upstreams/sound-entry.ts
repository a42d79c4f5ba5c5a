import { isJsonObject, type JsonObject, type JsonValue } from '../kernel/index.ts';
import type { ListKind } from './listing.ts';

type Check = (value: JsonValue) => boolean;

const text: Check = (value) => typeof value === 'string';
const flag: Check = (value) => typeof value === 'boolean';
const number: Check = (value) => typeof value === 'number';
const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    words.includes(value as string);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
/** An object whose known members, where they are there, pass. */
const shaped =
  (members: Readonly<Record<string, Check>>, needed: readonly string[] = []): Check =>
  (value) =>
    isJsonObject(value) &&
    needed.every((key) => value[key] !== undefined) &&
    Object.entries(members).every(([key, check]) => value[key] === undefined || check(value[key]));

const icons = listOf(
  shaped({ src: text, mimeType: text, sizes: listOf(text), theme: oneOf('light', 'dark') }, ['src']),
);
const annotations = shaped({
  audience: listOf(oneOf('user', 'assistant')),
  priority: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  lastModified: text,
});
const common = { title: text, description: text, icons, _meta: shaped({}) };
const resource = { ...common, name: text, mimeType: text, annotations };

/** The members that clients look at when they read a list. What else there is passes unseen. */
const MEMBERS: Readonly<Record<ListKind, Readonly<Record<string, Check>>>> = {
  tools: {
    ...common,
    outputSchema: shaped({ type: oneOf('object'), properties: shaped({}), required: listOf(text) }, ['type']),
    annotations: shaped({
      title: text,
      readOnlyHint: flag,
      destructiveHint: flag,
      idempotentHint: flag,
      openWorldHint: flag,
    }),
    execution: shaped({ taskSupport: oneOf('required', 'optional', 'forbidden') }),
  },
  prompts: { ...common, arguments: listOf(shaped({ name: text, description: text, required: flag }, ['name'])) },
  resources: { ...resource, size: number },
  templates: resource,
};

/**
 * Clients check a list as a whole: one entry of the wrong shape makes every tool of every server invisible to them. So a
 * member of the wrong shape is left out of its entry, and what must be there is put in.
 *
 * @returns The entry itself where nothing is wrong with it, and the names of the members that were changed.
 * @see MCP 2025-11-25, schema: Tool, Prompt, Resource, ResourceTemplate
 */
export function soundEntry(
  kind: ListKind,
  entry: JsonObject,
): { readonly entry: JsonObject; readonly changed: readonly string[] } {
  const bad = Object.entries(MEMBERS[kind])
    .filter(([key, check]) => entry[key] !== undefined && !check(entry[key]))
    .map(([key]) => key);
  const needed = neededMembers(kind, entry, bad);
  const changed = [...new Set([...bad, ...Object.keys(needed)])];
  if (changed.length === 0) return { entry, changed };
  const kept = Object.entries(entry).filter(([key]) => !bad.includes(key));
  return { entry: { ...Object.fromEntries(kept), ...needed }, changed };
}

/** Members that an entry must have and has not, or not soundly. */
function neededMembers(kind: ListKind, entry: JsonObject, bad: readonly string[]): JsonObject {
  switch (kind) {
    case 'tools': {
      const inputSchema = soundInputSchema(entry['inputSchema']);
      return inputSchema === entry['inputSchema'] ? {} : { inputSchema };
    }
    case 'resources':
    case 'templates': {
      const unnamed = entry['name'] === undefined || bad.includes('name');
      return unnamed ? { name: entry[kind === 'resources' ? 'uri' : 'uriTemplate'] } : {};
    }
    case 'prompts':
      return {};
    default:
      return kind satisfies never;
  }
}

/** The schema itself where it describes an object; else as much of it as does. */
function soundInputSchema(schema: JsonValue | undefined): JsonObject {
  const { type } = isJsonObject(schema) ? schema : {};
  const mayBeObject = type === undefined || type === 'object' || (Array.isArray(type) && type.includes('object'));
  if (!isJsonObject(schema) || !mayBeObject) return { type: 'object' };
  const { properties, required, ...rest } = schema;
  const soundProperties = properties === undefined ? undefined : objectsOnly(properties);
  const keepsRequired = required === undefined || listOf(text)(required);
  if (type === 'object' && soundProperties === properties && keepsRequired) return schema;
  return {
    ...rest,
    type: 'object',
    ...(soundProperties === undefined ? {} : { properties: soundProperties }),
    ...(required !== undefined && keepsRequired ? { required } : {}),
  };
}

/** Many clients take only objects for schemas. What a boolean one means can be said with an object, too. */
function objectsOnly(properties: JsonValue): JsonObject | undefined {
  if (!isJsonObject(properties)) return undefined;
  const entries = Object.entries(properties);
  if (entries.every(([, value]) => isJsonObject(value))) return properties;
  return Object.fromEntries(
    entries.map(([key, value]) => [key, isJsonObject(value) ? value : value === false ? { not: {} } : {}]),
  );
}
