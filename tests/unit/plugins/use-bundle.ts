/** A bundle in a folder of its own for each test, and what other clients make of it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { type ClientId, clientVerdicts } from '../../../src/authoring/clients.ts';
import type { JsonValue } from '../../../src/kernel/index.ts';
import { openBundle } from '../../../src/plugins/node/index.ts';
import type { EntryFacts } from '../../../src/plugins/types.ts';

/** Files by path; what is no string is written as JSON. */
export type Files = Readonly<Record<string, JsonValue>>;

/** What all clients say, or what each says. */
export type Said = string | readonly [string, string];

export type TestBundle = {
  readonly path: () => string;
  readonly write: (files: Files) => void;
  /** By subject: one line per client, `136 loads` or `169 partly: note; note`. Writes the files first. */
  readonly seen: (files: Files, entry?: EntryFacts | null) => Readonly<Record<string, readonly string[]>>;
};

const SHORT: Readonly<Record<ClientId, string>> = { codex_0_136: '136', codex_0_169: '169', agent_plugins_1_0: 'ap' };

export function useBundle(): TestBundle {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'plugboard-bundle-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const write = (files: Files): void => {
    for (const [path, content] of Object.entries(files)) {
      const file = join(folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    }
  };
  const seen: TestBundle['seen'] = (files, entry = null) => {
    write(files);
    const rows = clientVerdicts({ bundle: openBundle(folder), entry, plugin: null });
    return Object.fromEntries(
      rows.map(({ subject, name, cells }) => [
        subject === 'plugin' ? 'plugin' : `${subject} ${name}`,
        Object.entries(cells).map(([client, { verdict, notes }]) =>
          [`${SHORT[client as ClientId]} ${verdict}`, ...(notes.length === 0 ? [] : [notes.join('; ')])].join(': '),
        ),
      ]),
    );
  };
  return { path: () => folder, write, seen };
}
