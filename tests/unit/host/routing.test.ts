import { expect, test } from 'vitest';
import { mergedHello, singleCapabilities } from '../../../src/host/hello.ts';
import { FORWARDED } from '../../../src/host/index.ts';
import { route } from '../../../src/host/routing.ts';
import type { AppError, JsonObject } from '../../../src/kernel/index.ts';
import { buildCatalogue } from '../../../src/tools/index.ts';

const nothing = { tools: [], prompts: [], resources: [], templates: [] };
const offers = [
  {
    ...nothing,
    server: 'a',
    tools: [{ name: 'do' }],
    prompts: [{ name: 'ask' }],
    resources: [{ uri: 'file:///a' }, { uri: 'file:///both' }],
    templates: [{ uriTemplate: 'db://{table}' }],
  },
  { ...nothing, server: 'b', tools: [{ name: 'do' }], resources: [{ uri: 'file:///both' }] },
];
const visible = (): boolean => true;
const merged = buildCatalogue(offers, { form: 'merged', visible });
const single = buildCatalogue(offers.slice(0, 1), { form: 'single', visible });

const prompt = (name: string): JsonObject => ({
  ref: { type: 'ref/prompt', name },
  argument: { name: 'x', value: 'y' },
});

test.each([
  {
    method: 'tools/call',
    params: { name: 'a__do', arguments: { x: 1 } },
    want: [['a', { kind: 'tool', name: 'do' }, { name: 'do', arguments: { x: 1 } }]],
  },
  {
    method: 'prompts/get',
    params: { name: 'a__ask' },
    want: [['a', { kind: 'prompt', name: 'ask' }, { name: 'ask' }]],
  },
  {
    method: 'resources/read',
    params: { uri: 'file:///a' },
    want: [['a', { kind: 'resource', uri: 'file:///a' }, { uri: 'file:///a' }]],
  },
  {
    method: 'resources/subscribe',
    params: { uri: 'db://users' },
    want: [['a', { kind: 'resource', uri: 'db://users' }, { uri: 'db://users' }]],
  },
  { method: 'completion/complete', params: prompt('a__ask'), want: [['a', { kind: 'completion' }, prompt('ask')]] },
  {
    method: 'completion/complete',
    params: { ref: { type: 'ref/resource', uri: 'db://{table}' } },
    want: [['a', { kind: 'completion' }, { ref: { type: 'ref/resource', uri: 'db://{table}' } }]],
  },
])('$method of $params goes where it belongs, in the words of the server', ({ method, params, want }) => {
  const found = route(merged, method, params).map(({ server, subject, params: sent }) => [server, subject, sent]);
  expect(found).toEqual(want);
});

test('what two servers offer is reached by the name that the list shows', () => {
  for (const entry of merged.resources.filter(({ uri }) => String(uri).includes('both'))) {
    const [found] = route(merged, 'resources/read', { uri: String(entry['uri']) });
    expect(found?.params).toEqual({ uri: 'file:///both' });
  }
});

test('on one server a request travels as the object it is', () => {
  const params = { name: 'do', arguments: {}, _meta: { progressToken: 1 } };
  expect(route(single, 'tools/call', params)[0]?.params).toBe(params);
});

test.each([
  { method: 'tools/call', params: { name: 'a__nothing' }, code: 'UNKNOWN_TOOL' },
  { method: 'tools/call', params: { name: 'do' }, code: 'UNKNOWN_TOOL' },
  { method: 'tools/call', params: {}, code: 'INVALID_PARAMS' },
  { method: 'tools/call', params: { name: 7 }, code: 'INVALID_PARAMS' },
  { method: 'prompts/get', params: { name: 'b__ask' }, code: 'UNKNOWN_PROMPT' },
  { method: 'resources/read', params: { uri: 'file:///both' }, code: 'AMBIGUOUS_RESOURCE' },
  { method: 'resources/read', params: {}, code: 'INVALID_PARAMS' },
  { method: 'completion/complete', params: {}, code: 'INVALID_PARAMS' },
  { method: 'completion/complete', params: { ref: { type: 'ref/tool' } }, code: 'INVALID_PARAMS' },
  { method: 'completion/complete', params: prompt('ask'), code: 'UNKNOWN_PROMPT' },
])('$method of $params is $code', ({ method, params, code }) => {
  expect(() => route(merged, method, params)).toThrow(expect.objectContaining({ code }) as AppError);
});

test('nothing else is forwarded', () => {
  expect([...FORWARDED].toSorted()).toEqual([
    'completion/complete',
    'prompts/get',
    'resources/read',
    'resources/subscribe',
    'resources/unsubscribe',
    'tools/call',
  ]);
});

test('the greeting holds what servers say about themselves, and what is missing', () => {
  const servers = [
    { name: 'a', instructions: 'Use me.' },
    { name: 'b', instructions: null },
    { name: 'c', instructions: '  ' },
  ];
  expect(mergedHello('1', [])).toMatchObject({ serverInfo: { name: 'plugboard', version: '1' }, instructions: null });
  expect(mergedHello('1', servers).instructions).toBe('# a\n\nUse me.');
  const issue = { code: 'UPSTREAM_REQUIRED', severity: 'error', message: 'd is required' } as const;
  expect(mergedHello('1', servers, [issue]).instructions).toBe('d is required\n\n# a\n\nUse me.');
});

test('of one server only what we carry is declared', () => {
  const declared = { tools: { listChanged: true }, tasks: {}, logging: {}, experimental: { x: {} } };
  expect(singleCapabilities(declared)).toEqual({ tools: { listChanged: true }, logging: {}, experimental: { x: {} } });
});
