/** Bundles in folders of their own, and what parsing makes of them, in short. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { Issue } from '../../../src/kernel/index.ts';
import { type EntryFacts, type Plugin, type PluginServer, parsePlugin } from '../../../src/plugins/index.ts';
import { openBundle } from '../../../src/plugins/node/index.ts';
import { type Files, writeFiles } from '../../support/marketplace-folder.ts';

export type { Files };

export const DATA = '/data/p';

/** What came of a bundle. The folder's own path reads `ROOT` everywhere. */
export type Read = {
  readonly plugin: Plugin | null;
  readonly issues: readonly Issue[];
  readonly root: string;
  /** The plugin, which has to be there. */
  readonly sure: () => Plugin;
  readonly server: (name: string) => PluginServer;
};

export type Reader = {
  /** An empty folder. `name` is its last part. */
  readonly folder: (name?: string) => string;
  readonly parse: (files: Files, options?: { readonly entry?: EntryFacts | null; readonly name?: string }) => Read;
  /** The same for a folder that is there. */
  readonly parseFolder: (root: string, entry?: EntryFacts | null) => Read;
};

export function useBundles(): Reader {
  const made: string[] = [];
  afterEach(() => {
    for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  const folder = (name = 'p'): string => {
    const parent = realpathSync(mkdtempSync(join(tmpdir(), 'plugboard-bundle-')));
    made.push(parent);
    mkdirSync(join(parent, name));
    return join(parent, name);
  };
  const parseFolder = (root: string, entry: EntryFacts | null = null): Read => {
    const parsed = parsePlugin({ bundle: openBundle(root), entry, dataDir: DATA });
    const { plugin, issues } = JSON.parse(JSON.stringify(parsed).replaceAll(root, 'ROOT')) as typeof parsed;
    const sure = (): Plugin => {
      if (plugin === null) throw new Error(`no plugin: ${JSON.stringify(issues)}`);
      return plugin;
    };
    const server = (name: string): PluginServer => {
      const found = sure().servers.find(({ entry: one }) => one.name === name);
      if (found === undefined) throw new Error(`no server ${name}: ${JSON.stringify(issues)}`);
      return found;
    };
    return { plugin, issues, root, sure, server };
  };
  return {
    folder,
    parseFolder,
    parse: (files, { entry = null, name } = {}) => {
      const root = folder(name);
      writeFiles(root, files);
      return parseFolder(root, entry);
    },
  };
}

/** Issues in short: `severity CODE key@line:column`. */
export function brief(issues: readonly Issue[]): readonly string[] {
  return issues.map(({ severity, code, key, line, column }) => {
    const at = line === undefined ? '' : `@${line}:${column}`;
    return `${severity} ${code}${key === undefined ? '' : ` ${key}`}${at}`;
  });
}

export function entryOf(name: string, more: Partial<EntryFacts> = {}): EntryFacts {
  const nothing = { version: null, description: null, category: null, mcpServers: undefined, components: {} };
  return { ...nothing, name, file: '/mkt/marketplace.json', ...more };
}
