/**
 * plugins: what a bundle declares. Manifest and MCP declarations of every family → one `Plugin`, with an issue (file,
 * line, column, key, hint) for whatever is dropped or wrong; validation for maintainers; scaffolds.
 *
 * It installs nothing, runs nothing and knows no marketplace. Reading a folder or an archive is in `node/`.
 * Called by marketplace, servers, status, host and cli.
 */
export { type BundlePath, bundlePath, folderNameProblem } from './bundle-path.ts';
export { locateJson, type ParsedJson, parseJson } from './json.ts';
export { type Dialect, type Piece, scanReferences } from './references.ts';
export type * from './types.ts';
