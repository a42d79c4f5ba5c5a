import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CLIENTS, planFixes, validatePlugin } from '../../../src/authoring/index.ts';
import { parsePlugin } from '../../../src/plugins/index.ts';
import { memoryBundle, type RandomCase, randomCase } from './random-bundles.ts';

const RUNS = 2000;

function validate({ texts, entry }: RandomCase): ReturnType<typeof validatePlugin> {
  return validatePlugin({ bundle: memoryBundle(texts), entry, dataDir: '/data/p', strict: true });
}

/** The files that are read of a bundle. A corrected path may lead to one that was not read before, with errors of its own. */
function filesOf({ texts, entry }: RandomCase): ReadonlySet<string> {
  const bundle = memoryBundle(texts);
  const files = new Set<string>();
  const read = (path: string): ReturnType<typeof bundle.read> => {
    files.add(`${bundle.root}/${path}`);
    return bundle.read(path);
  };
  parsePlugin({ bundle: { ...bundle, read }, entry, dataDir: '/data/p' });
  return files;
}

function errorsIn(files: ReadonlySet<string>, one: RandomCase): number {
  return validate(one).findings.filter(
    ({ severity, code, file }) => severity === 'error' && code !== 'PLUGIN_STRICT' && files.has(file ?? ''),
  ).length;
}

test('of any bundle every client has something to say, and validation never crashes', () => {
  fc.assert(
    fc.property(randomCase, (one) => {
      const { plugin, clients } = validate(one);
      expect(clients[0]?.subject).toBe('plugin');
      for (const { cells } of clients) expect(Object.keys(cells)).toEqual(Object.keys(CLIENTS));
      const servers = new Set(clients.flatMap(({ subject, name }) => (subject === 'server' ? [name] : [])));
      expect(plugin?.servers.every(({ entry }) => servers.has(entry.name)) ?? true).toBe(true);
    }),
    { numRuns: RUNS },
  );
});

test('corrections of any bundle are JSON still, make nothing worse, and come to an end', () => {
  fc.assert(
    fc.property(randomCase, (one) => {
      let now = one;
      for (let round = 0; ; round += 1) {
        const { plugin } = validate(now);
        const files = plugin === null ? [] : planFixes(memoryBundle(now.texts), plugin);
        if (files.length === 0) break;
        expect(round).toBeLessThan(4);
        for (const { after } of files) JSON.parse(after.replace(/^\ufeff/, ''));
        now = { ...now, texts: { ...now.texts, ...Object.fromEntries(files.map(({ path, after }) => [path, after])) } };
      }
      if (now === one) return;
      const files = filesOf(one);
      expect(errorsIn(files, now)).toBeLessThanOrEqual(errorsIn(files, one));
    }),
    { numRuns: RUNS },
  );
});
