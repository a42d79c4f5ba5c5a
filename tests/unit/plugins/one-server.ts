/** A plugin with one server `s`, a setting `key` and a secret setting `token`. */
import type { JsonObject } from '../../../src/kernel/index.ts';
import { brief, type Files, type Read } from './read-bundle.ts';

export type Family = 'codex' | 'claude' | 'cursor';

const SETTINGS = { key: {}, token: { sensitive: true } };

export const http = { url: 'https://h.example/mcp' };

export function serverFiles(server: JsonObject, family: Family = 'codex'): Files {
  return { [`.${family}-plugin/plugin.json`]: { name: 'p', user_config: SETTINGS, mcpServers: { s: server } } };
}

/** Issues without their places, of which there are tests elsewhere. */
export function told(read: Read): readonly string[] {
  return brief(read.issues).map((issue) => issue.replace(/@.*/, ''));
}
