import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  canonicalText,
  type Dialect,
  escapeReferences,
  type Piece,
  scanReferences,
} from '../../../src/config/index.ts';

const FOLDERS = { root: '/r/${env:A}', data: '/d' };

/** What a text comes to, with a mark for each reference; texts beside each other are one. */
function meaning(pieces: readonly Piece[], folders: typeof FOLDERS | null): readonly string[] {
  const parts: string[] = [];
  let open = false;
  for (const piece of pieces) {
    const text = piece.kind === 'text' ? piece.text : null;
    const folder = piece.kind === 'folder' && folders !== null ? folders[piece.folder] : null;
    const said = text ?? folder;
    const { written: _, ...reference } = piece;
    if (said !== null && open) parts[parts.length - 1] += said;
    else parts.push(said ?? `<${piece.kind === 'broken' ? piece.kind : JSON.stringify(reference)}>`);
    open = said !== null;
  }
  return parts.filter((part) => part !== '');
}

const part = fc.constantFrom('$', '{', '}', '${', 'PLUGIN_ROOT', 'env:A', 'A', ':-', 'user_config.k', 'secret:s', '$$');
const text = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''));

test.each<{ text: string; dialect: Dialect; want: string }>([
  { text: 'x ${PLUGIN_DATA}/${A:-b}', dialect: 'claude', want: 'x /d/${env:A:-b}' },
  { text: '${A} ${user_config.k}', dialect: 'canonical', want: '${A} ${user_config.k}' },
  { text: '$${A} $${env:A}', dialect: 'canonical', want: '$${A} $${env:A}' },
  { text: '${PLUGIN_ROOT}', dialect: 'canonical', want: '/r/$${env:A}' },
  { text: '${env:A} ${A} $${PLUGIN_DATA}', dialect: 'agent_plugins', want: '$${env:A} $${A} $/d' },
])('$text in the dialect $dialect', ({ text: written, dialect, want }) => {
  expect(canonicalText(scanReferences(written, dialect), FOLDERS)).toBe(want);
});

test.each<{ root: string; text: string; want: readonly string[] }>([
  { root: '/dev$', text: '${PLUGIN_ROOT}{secret:op://v/i}', want: ['/dev${secret:op://v/i}'] },
  { root: '/dev${env:', text: '${PLUGIN_ROOT}A} ${env:B}', want: ['/dev${env:A} ', '<B>'] },
  { root: '/dev$', text: '${PLUGIN_ROOT}${PLUGIN_DATA}', want: ['/dev$/d'] },
  { root: '/dev$', text: '${PLUGIN_ROOT}${env:B}', want: ['/dev$ ', '<broken>', '<B>'] },
  { root: '/dev$$', text: '${PLUGIN_ROOT}${env:B}/$', want: ['/dev$$ ', '<broken>', '<B>', '/$'] },
])('a folder $root makes no reference of $text, and escapes none', ({ root, text: written, want }) => {
  const canonical = canonicalText(scanReferences(written, 'canonical'), { root, data: '/d' });
  const shown = scanReferences(canonical, 'canonical').map((piece) =>
    piece.kind === 'text' ? piece.text : piece.kind === 'env' ? `<${piece.name}>` : `<${piece.kind}>`,
  );
  expect(shown).toEqual(want);
});

/** Pieces as a scan gives them, in any order. */
const piece: fc.Arbitrary<Piece> = fc.oneof(
  text.map((said): Piece => ({ kind: 'text', written: said, text: said })),
  fc.constantFrom<Piece>(
    { kind: 'folder', written: '${PLUGIN_ROOT}', folder: 'root' },
    { kind: 'folder', written: '${CLAUDE_PLUGIN_DATA}', folder: 'data' },
    { kind: 'setting', written: '${user_config.k}', key: 'k' },
    { kind: 'env', written: '${A:-$}', name: 'A', fallback: '$' },
    { kind: 'secret', written: '${secret:s}', name: 's' },
    { kind: 'provided', written: '${secret:op://v/i}', scheme: 'op', reference: 'op://v/i' },
    { kind: 'broken', written: '${env:1}' },
  ),
);

test('whatever stands beside each other, the canonical text says the same or is broken', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), text, text, (pieces, root, data) => {
      const folders = { root, data };
      const whole = meaning(pieces, folders);
      const isReference = (said: string | undefined): boolean => /^<(?:\{|broken)/.test(said ?? '');
      const impossible =
        whole.includes('<broken>') || whole.some((one, at) => one.endsWith('$') && isReference(whole[at + 1]));
      const read = meaning(scanReferences(canonicalText(pieces, folders), 'canonical'), null);
      if (impossible) expect(read).toContain('<broken>');
      else expect(read).toEqual(whole);
    }),
    { numRuns: 5000 },
  );
});

test('what is escaped says the same, and refers to nothing', () => {
  fc.assert(
    fc.property(text, (said) => {
      const pieces = scanReferences(escapeReferences(said), 'canonical');
      expect(meaning(pieces, null)).toEqual(said === '' ? [] : [said]);
    }),
    { numRuns: 3000 },
  );
});

test('the canonical spelling means what was written, in every dialect', () => {
  fc.assert(
    fc.property(text, fc.constantFrom<Dialect>('canonical', 'claude', 'agent_plugins'), (said, dialect) => {
      const pieces = scanReferences(said, dialect);
      const whole = meaning(pieces, FOLDERS);
      fc.pre(!whole.includes('<broken>'));
      expect(meaning(scanReferences(canonicalText(pieces, FOLDERS), 'canonical'), null)).toEqual(whole);
    }),
    { numRuns: 3000 },
  );
});
