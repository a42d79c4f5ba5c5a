/**
 * plugins: what a bundle declares. Manifest and MCP declarations of every family → one `Plugin`, with an issue (file,
 * line, column, key, hint) for whatever is dropped or wrong; validation for maintainers; scaffolds.
 *
 * It installs nothing, runs nothing and knows no marketplace. Reading a folder or an archive is in `node/`.
 * Called by marketplace, servers, status, host and cli.
 */
export { type BundlePath, bundlePath, folderNameProblem } from './bundle-path.ts';
export { CLIENTS, type ClientId, type ClientRow } from './clients.ts';
export type { ClientCell, ClientVerdict } from './clients-reading.ts';
export { type ParsedJson, parseJson } from './json.ts';
export { INTERFACE_KEYS, MANIFEST_KEYS, type ManifestForm, type ManifestKey } from './manifest-table.ts';
export { parsePlugin } from './parse.ts';
export {
  planScaffold,
  SCAFFOLD_FAMILIES,
  type ScaffoldFamily,
  type ScaffoldFile,
  scaffoldMarketplace,
} from './scaffold.ts';
export { PLUGIN_SERVER_KEYS, SETTING_KEYS } from './schema-keys.ts';
export { describeRequests } from './server-requests.ts';
export { capabilitySummary, pluginEnv } from './summary.ts';
export type {
  AuthModel,
  Bundle,
  BundleFact,
  BundleText,
  CapabilitySummary,
  EntryFacts,
  HookDeclaration,
  ParsedPlugin,
  ParseOptions,
  Plugin,
  PluginFamily,
  PluginPart,
  PluginServer,
  ServerRequests,
  Setting,
  SettingType,
} from './types.ts';
export { type Validation, validatePlugin } from './validate.ts';
export { type FixedFile, planFixes } from './validate-fix.ts';
