import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CLIENTS, planFixes, validatePlugin } from '../../../src/authoring/index.ts';
import { memoryBundle, type RandomCase, randomCase } from './random-bundles.ts';

const RUNS = 2000;

function validate({ texts, entry }: RandomCase): ReturnType<typeof validatePlugin> {
  return validatePlugin({ bundle: memoryBundle(texts), entry, dataDir: '/data/p', strict: true });
}

function errors(one: RandomCase): number {
  return validate(one).findings.filter(({ severity, code }) => severity === 'error' && code !== 'PLUGIN_STRICT').length;
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
      if (now !== one) expect(errors(now)).toBeLessThanOrEqual(errors(one));
    }),
    { numRuns: RUNS },
  );
});
