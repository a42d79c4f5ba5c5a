import { expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../src/kernel/index.ts';
import { collectEntries, type ListKind } from '../../../src/upstreams/listing.ts';

const object = { type: 'object' };
const tool = (rest: JsonObject): JsonObject => ({ name: 't', inputSchema: object, ...rest });

/** What becomes of one listed entry, and what is said about it. */
function listed(kind: ListKind, member: string, entry: unknown) {
  const { entries, issues } = collectEntries('s', kind, [{ [member]: [entry as JsonObject] }]);
  return { entry: entries[0], said: issues.map(({ message }) => message) };
}

test.each([
  {
    name: 'all members',
    entry: tool({
      title: 'T',
      description: 'd',
      outputSchema: object,
      annotations: { readOnlyHint: true, title: 'x' },
      icons: [{ src: 'data:,' }],
      _meta: { 'a/b': 1 },
      execution: { taskSupport: 'optional' },
    }),
  },
  { name: 'members nobody knows', entry: tool({ novel: [null, { deep: true }], annotations: { 'x-vendor': 7 } }) },
  {
    name: 'a rich schema',
    entry: tool({
      inputSchema: {
        $schema: 's',
        type: 'object',
        properties: { a: { $ref: '#/$defs/none' } },
        required: ['a'],
        oneOf: [],
      },
    }),
  },
])('a tool with $name is handed on as the object it is', ({ entry }) => {
  const { entries, issues } = collectEntries('s', 'tools', [{ tools: [entry] }]);
  expect(entries[0]).toBe(entry);
  expect(issues).toEqual([]);
});

test.each([
  { name: 'no schema', entry: { name: 't' }, want: tool({}), changed: 'inputSchema' },
  { name: 'a text for a schema', entry: tool({ inputSchema: 'nonsense' }), want: tool({}), changed: 'inputSchema' },
  {
    name: 'a schema of no type',
    entry: tool({ inputSchema: { properties: { a: {} } } }),
    want: tool({ inputSchema: { ...object, properties: { a: {} } } }),
    changed: 'inputSchema',
  },
  {
    name: 'a schema of several types',
    entry: tool({ inputSchema: { type: ['object', 'null'], title: 'x' } }),
    want: tool({ inputSchema: { ...object, title: 'x' } }),
    changed: 'inputSchema',
  },
  {
    name: 'a schema of another type',
    entry: tool({ inputSchema: { type: 'array', items: {} } }),
    want: tool({}),
    changed: 'inputSchema',
  },
  {
    name: 'properties that are a list',
    entry: tool({ inputSchema: { ...object, properties: [1], required: 'all' } }),
    want: tool({}),
    changed: 'inputSchema',
  },
  {
    name: 'boolean schemas of properties',
    entry: tool({ inputSchema: { ...object, properties: { a: true, b: false, c: {} }, required: ['a'] } }),
    want: tool({ inputSchema: { ...object, properties: { a: {}, b: { not: {} }, c: {} }, required: ['a'] } }),
    changed: 'inputSchema',
  },
  {
    name: 'nulls',
    entry: tool({ title: null, description: null, outputSchema: null, annotations: null, _meta: null, icons: null }),
    want: tool({}),
    changed: 'title, description, icons, _meta, outputSchema, annotations',
  },
  {
    name: 'an output schema of another type',
    entry: tool({ outputSchema: { type: 'array' } }),
    want: tool({}),
    changed: 'outputSchema',
  },
  {
    name: 'a hint that is a text',
    entry: tool({ annotations: { readOnlyHint: 'yes' } }),
    want: tool({}),
    changed: 'annotations',
  },
  {
    name: 'an icon without a source',
    entry: tool({ icons: [{ mimeType: 'image/png' }] }),
    want: tool({}),
    changed: 'icons',
  },
])('a tool with $name keeps what is valid of it', ({ entry, want, changed }) => {
  expect(listed('tools', 'tools', entry)).toEqual({ entry: want, said: [`s: tools[0] "t" is not valid: ${changed}`] });
});

test.each([
  {
    kind: 'resources',
    member: 'resources',
    entry: { uri: 'a:b', size: 'big', name: 'n' },
    want: { uri: 'a:b', name: 'n' },
    changed: 'size',
  },
  { kind: 'resources', member: 'resources', entry: { uri: 'a:b' }, want: { uri: 'a:b', name: 'a:b' }, changed: 'name' },
  {
    kind: 'resources',
    member: 'resources',
    entry: { uri: 'a:b', name: 7, annotations: { priority: 2 } },
    want: { uri: 'a:b', name: 'a:b' },
    changed: 'name, annotations',
  },
  {
    kind: 'templates',
    member: 'resourceTemplates',
    entry: { uriTemplate: 'a:{b}' },
    want: { uriTemplate: 'a:{b}', name: 'a:{b}' },
    changed: 'name',
  },
  {
    kind: 'prompts',
    member: 'prompts',
    entry: { name: 'p', arguments: [{ required: true }] },
    want: { name: 'p' },
    changed: 'arguments',
  },
] as const)('of $kind: $entry keeps what is valid', ({ kind, member, entry, want, changed }) => {
  const name = Object.values(entry)[0];
  expect(listed(kind, member, entry)).toEqual({
    entry: want,
    said: [`s: ${member}[0] "${name}" is not valid: ${changed}`],
  });
});

test.each([
  { name: 'null', entry: null },
  { name: 'a text', entry: 'tool' },
  { name: 'one without a name', entry: { inputSchema: object } },
  { name: 'one with an empty name', entry: tool({ name: '' }) },
  { name: 'one with a number for a name', entry: tool({ name: 7 }) },
])('an entry that is $name is left out', ({ entry }) => {
  expect(listed('tools', 'tools', entry)).toEqual({ entry: undefined, said: ['s: tools[0] has no "name"'] });
});

test('the first of two entries of one name counts, over all pages', () => {
  const pages = [
    { tools: [tool({ description: 'first' })] },
    { tools: [tool({ description: 'second' })] },
    { tools: 'none' },
  ];
  const { entries, issues } = collectEntries('s', 'tools', pages);
  expect(entries).toEqual([tool({ description: 'first' })]);
  expect(issues.map(({ code, severity, message }) => `${severity} ${code} ${message}`)).toEqual([
    'warning UPSTREAM_LIST_INVALID s: tools[0] repeats "t"',
    'warning UPSTREAM_LIST_INVALID s: tools/list answered without "tools"',
  ]);
});

test('an entry that is nested beyond measure is left out, so that the list can be sent', () => {
  const deep = JSON.parse('['.repeat(600) + ']'.repeat(600)) as JsonValue;
  const { entries, issues } = collectEntries('s', 'tools', [{ tools: [tool({ x: deep }), tool({ name: 'other' })] }]);
  expect(entries).toEqual([tool({ name: 'other' })]);
  expect(issues.map(({ message }) => message)).toEqual(['s: tools[0] "t" is nested too deeply']);
});
