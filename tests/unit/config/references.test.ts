import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Dialect, isProviderScheme, type Piece, scanReferences } from '../../../src/config/references.ts';

function short(piece: Piece): string {
  switch (piece.kind) {
    case 'text':
      return piece.text;
    case 'folder':
      return `<${piece.folder}>`;
    case 'setting':
      return `<setting ${piece.key}>`;
    case 'env':
      return `<env ${piece.name}${piece.fallback === null ? '' : ` or ${piece.fallback}`}>`;
    case 'secret':
      return `<secret ${piece.name}>`;
    case 'provided':
      return `<${piece.scheme} gives ${piece.reference}>`;
    case 'broken':
      return `<broken ${piece.written}>`;
    default:
      return piece satisfies never;
  }
}
const scanned = (text: string, dialect: Dialect): readonly string[] => scanReferences(text, dialect).map(short);

describe('what counts as a reference in each format', () => {
  test.each([
    { text: '${PLUGIN_ROOT}/bin', codex: ['<root>', '/bin'], claude: ['<root>', '/bin'], agent: ['<root>', '/bin'] },
    { text: '${CLAUDE_PLUGIN_DATA}', codex: ['<data>'], claude: ['<data>'], agent: ['${CLAUDE_PLUGIN_DATA}'] },
    {
      text: 'a${user_config.k}b',
      codex: ['a', '<setting k>', 'b'],
      claude: ['a', '<setting k>', 'b'],
      agent: ['a${user_config.k}b'],
    },
    {
      text: '${env:A}${env:B:-x y}',
      codex: ['<env A>', '<env B or x y>'],
      claude: ['<env A>', '<env B or x y>'],
      agent: ['${env:A}${env:B:-x y}'],
    },
    { text: '${env:A:-}', codex: ['<env A or >'], claude: ['<env A or >'], agent: ['${env:A:-}'] },
    { text: '${secret:s}', codex: ['<secret s>'], claude: ['<secret s>'], agent: ['${secret:s}'] },
    {
      text: '${secret:op://v/i t?a=b}${secret:user_config.k-1}',
      codex: ['<broken ${secret:op://v/i t?a=b}>', '<secret user_config.k-1>'],
      claude: ['<broken ${secret:op://v/i t?a=b}>', '<secret user_config.k-1>'],
      agent: ['${secret:op://v/i t?a=b}${secret:user_config.k-1}'],
    },
    {
      text: '${secret:op://vault/item?a=b}',
      codex: ['<op gives op://vault/item?a=b>'],
      claude: ['<op gives op://vault/item?a=b>'],
      agent: ['${secret:op://vault/item?a=b}'],
    },
    { text: '${HOME}/x', codex: ['${HOME}/x'], claude: ['<env HOME>', '/x'], agent: ['${HOME}/x'] },
    { text: '${A:-d}', codex: ['${A:-d}'], claude: ['<env A or d>'], agent: ['${A:-d}'] },
    { text: '$HOME', codex: ['$HOME'], claude: ['$HOME'], agent: ['$HOME'] },
    { text: '$${env:A}', codex: ['${env:A}'], claude: ['${env:A}'], agent: ['$${env:A}'] },
    { text: '$${PLUGIN_ROOT}', codex: ['${PLUGIN_ROOT}'], claude: ['${PLUGIN_ROOT}'], agent: ['$', '<root>'] },
    { text: '$$${env:A}', codex: ['$${env:A}'], claude: ['$${env:A}'], agent: ['$$${env:A}'] },
    { text: '$$$${A}', codex: ['$$${A}'], claude: ['$$${A}'], agent: ['$$$${A}'] },
    {
      text: '$${${env:A}}',
      codex: ['${', '<env A>', '}'],
      claude: ['${', '<env A>', '}'],
      agent: ['$${${env:A}}'],
    },
    {
      text: '${env:A$${B}',
      codex: ['<broken ${env:A$${B}>'],
      claude: ['<broken ${env:A$${B}>'],
      agent: ['${env:A$${B}'],
    },
    { text: '${a b}', codex: ['${a b}'], claude: ['${a b}'], agent: ['${a b}'] },
    { text: '${x ${PLUGIN_ROOT}', codex: ['${x ', '<root>'], claude: ['${x ', '<root>'], agent: ['${x ', '<root>'] },
    { text: '}${', codex: ['}${'], claude: ['}${'], agent: ['}${'] },
    { text: '${constructor}', codex: ['${constructor}'], claude: ['<env constructor>'], agent: ['${constructor}'] },
    { text: '', codex: [], claude: [], agent: [] },
  ])('$text', ({ text, codex, claude, agent }) => {
    expect([scanned(text, 'canonical'), scanned(text, 'claude'), scanned(text, 'agent_plugins')]).toEqual([
      codex,
      claude,
      agent,
    ]);
  });
});

test('what starts like a reference of ours and is none is broken, and never just text', () => {
  expect(
    [
      '${env:A:-${B}}',
      '${env:1}',
      '${secret:',
      '${secret:1}',
      '${secret:op:/x}',
      '${secret:op://}',
      '${user_config.a',
      '${user_config.a b}',
      'x${env:',
      '$${A}${env:',
    ].map((text) => scanned(text, 'canonical')),
  ).toEqual([
    ['<broken ${env:A:-${B}}>'],
    ['<broken ${env:1}>'],
    ['<broken ${secret:>'],
    ['<broken ${secret:1}>'],
    ['<broken ${secret:op:/x}>'],
    ['<broken ${secret:op://}>'],
    ['<broken ${user_config.a>'],
    ['<broken ${user_config.a b}>'],
    ['<broken x${env:>'],
    ['<broken $${A}${env:>'],
  ]);
});

test('the parts of a text, as written, are the text', () => {
  const part = fc.constantFrom('$', '{', '}', '${', 'PLUGIN_ROOT', 'env:A', ':-', 'user_config.k', 'x', '$$');
  fc.assert(
    fc.property(
      fc.array(part).map((parts) => parts.join('')),
      fc.constantFrom<Dialect>('canonical', 'claude', 'agent_plugins'),
      (text, dialect) => {
        expect(
          scanReferences(text, dialect)
            .map(({ written }) => written)
            .join(''),
        ).toBe(text);
      },
    ),
    { numRuns: 2000 },
  );
});

test.each([
  { scheme: 'op', want: true },
  { scheme: 'my-vault_2', want: true },
  { scheme: '', want: false },
  { scheme: '2', want: false },
  { scheme: 'a.b', want: false },
  { scheme: 'a://b', want: false },
])('a provider may be called "$scheme": $want', ({ scheme, want }) => expect(isProviderScheme(scheme)).toBe(want));
