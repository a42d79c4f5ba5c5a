/**
 * authoring: what those who write plugins get. Everything that is wrong with a bundle, what each client makes of it, safe
 * fixes, and the files a new plugin begins with.
 *
 * It reads bundles with the parser of `plugins` and has none of its own; it installs and runs nothing. Archives and files
 * on disk are in `node/`. Called by cli.
 */
export { CLIENTS, type ClientId, type ClientRow } from './clients.ts';
export type { ClientCell, ClientVerdict } from './clients-reading.ts';
export {
  planScaffold,
  SCAFFOLD_FAMILIES,
  type ScaffoldFamily,
  type ScaffoldFile,
  scaffoldMarketplace,
} from './scaffold.ts';
export { type Validation, validatePlugin } from './validate.ts';
export { type FixedFile, planFixes, unfixable } from './validate-fix.ts';
