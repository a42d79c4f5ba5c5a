import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildCatalogue, type CatalogueOptions, type Offer } from '../../../src/tools/catalogue.ts';

const nothing = { tools: [], prompts: [], resources: [], templates: [] };
const everything = (): boolean => true;
const merged: CatalogueOptions = { form: 'merged', visible: everything };

const offers: readonly Offer[] = [
  {
    server: 'b',
    tools: [{ name: 'two', x: 1 }, { name: 'one' }],
    prompts: [{ name: 'greet', arguments: [] }],
    resources: [{ uri: 'file:///both' }, { uri: 'b://own', size: 1 }],
    templates: [{ uriTemplate: 'b://things/{id}' }, { uriTemplate: 'both://{x}' }],
  },
  {
    ...nothing,
    server: 'a',
    tools: [{ name: 'one' }],
    resources: [{ uri: 'file:///both' }, { uri: 'file:///a' }],
    templates: [{ uriTemplate: 'both://{x}' }],
  },
];

test('lists of several servers are merged: tools and prompts sorted by name, resources as their servers list them', () => {
  const { tools, prompts, resources, templates } = buildCatalogue(offers, merged);
  expect({ tools, prompts, resources, templates }).toEqual({
    tools: [{ name: 'a__one' }, { name: 'b__one' }, { name: 'b__two', x: 1 }],
    prompts: [{ name: 'b__greet', arguments: [] }],
    resources: [
      { uri: 'plugboard://b/file:///both' },
      { uri: 'b://own', size: 1 },
      { uri: 'plugboard://a/file:///both' },
      { uri: 'file:///a' },
    ],
    templates: [
      { uriTemplate: 'b://things/{id}' },
      { uriTemplate: 'plugboard://b/both://{x}' },
      { uriTemplate: 'plugboard://a/both://{x}' },
    ],
  });
});

test('one server alone keeps its order, its names, its URIs, and every entry as the object it is', () => {
  const only = offers.slice(0, 1);
  const catalogue = buildCatalogue(only, { form: 'single', visible: everything });
  expect(catalogue.tools.every((tool, index) => tool === only[0]?.tools[index])).toBe(true);
  expect(catalogue.resources).toEqual(only[0]?.resources);
  expect(catalogue.tool('two')).toEqual({ server: 'b', name: 'two', entry: { name: 'two', x: 1 } });
  expect(catalogue.tool('b__two')).toBeNull();
  expect(catalogue.exposeUri('b', 'file:///both')).toBe('file:///both');
});

test('a hidden tool is not listed, renames no other, and is found, so that the call can say why', () => {
  const twins: readonly Offer[] = [{ ...nothing, server: 'n', tools: [{ name: 'a-b' }, { name: 'a_b' }] }];
  const shown = buildCatalogue(twins, merged);
  const hiding = buildCatalogue(twins, { form: 'merged', visible: (_server, tool) => tool !== 'a-b' });
  expect(shown.tools).toEqual([{ name: 'n__a_b_5aa66dfaa36c' }, { name: 'n__a_b_f1d70e478811' }]);
  expect(hiding.tools).toEqual([{ name: 'n__a_b_5aa66dfaa36c' }]);
  expect(hiding.tool('n__a_b_f1d70e478811')).toMatchObject({ server: 'n', name: 'a-b' });
  expect(hiding.tool('n__a_b')).toBeNull();
});

test.each([
  { uri: 'b://own', want: { kind: 'found', candidates: [{ server: 'b', uri: 'b://own' }] } },
  { uri: 'plugboard://a/file:///both', want: { kind: 'found', candidates: [{ server: 'a', uri: 'file:///both' }] } },
  {
    uri: 'file:///both',
    want: { kind: 'ambiguous', uris: ['plugboard://b/file:///both', 'plugboard://a/file:///both'] },
  },
  { uri: 'b://things/7', want: { kind: 'found', candidates: [{ server: 'b', uri: 'b://things/7' }] } },
  {
    uri: 'file:///unlisted',
    want: {
      kind: 'found',
      candidates: [
        { server: 'b', uri: 'file:///unlisted' },
        { server: 'a', uri: 'file:///unlisted' },
      ],
    },
  },
  {
    uri: 'both://x',
    want: {
      kind: 'found',
      candidates: [
        { server: 'b', uri: 'both://x' },
        { server: 'a', uri: 'both://x' },
      ],
    },
  },
  { uri: 'plugboard://a/both://x', want: { kind: 'found', candidates: [{ server: 'a', uri: 'both://x' }] } },
  { uri: 'plugboard://nobody/file:///both', want: { kind: 'unknown' } },
  { uri: 'nobody://x', want: { kind: 'unknown' } },
  { uri: '', want: { kind: 'unknown' } },
])('a resource by its URI: $uri', ({ uri, want }) =>
  expect(buildCatalogue(offers, merged).resource(uri)).toEqual(want),
);

test('what a URI is exposed as leads back to it, whatever servers are called', () => {
  const server = fc.constantFrom('a', 'a/b', 'a%2Fb', 'ü', 'a b', '@x/y:z.1', 'a:');
  fc.assert(
    fc.property(fc.uniqueArray(server, { minLength: 2 }), fc.webUrl(), (servers, uri) => {
      const catalogue = buildCatalogue(
        servers.map((name) => ({ ...nothing, server: name, resources: [{ uri }] })),
        merged,
      );
      const back = catalogue.resources.map((entry) => catalogue.resource(String(entry['uri'])));
      expect(back).toEqual(servers.map((name) => ({ kind: 'found', candidates: [{ server: name, uri }] })));
    }),
  );
});
