/**
 * plugins: what a bundle declares. Manifest and MCP declarations of every family → one `Plugin`, with an issue (file,
 * line, column, key, hint) for whatever is dropped or wrong.
 *
 * It installs nothing, runs nothing and knows no marketplace. Reading a folder is in `node/`.
 * Called by authoring, marketplace, servers, status, host and cli.
 */
export { agentSchema, schemaVersion } from './agent/manifest.ts';
export { type BundlePath, bundlePath, folderNameProblem } from './bundle-path.ts';
export { type ParsedJson, parseJson } from './json.ts';
export { INTERFACE_KEYS, MANIFEST_KEYS, type ManifestForm, type ManifestKey } from './manifest/manifest-table.ts';
export { PLUGIN_SERVER_KEYS, SETTING_KEYS } from './manifest/schema-keys.ts';
export { parsePlugin } from './parse.ts';
export { type Reading, readJson, tell } from './reading.ts';
export { describeRequests, issuesInForce } from './server/server-requests.ts';
export { capabilitySummary, invalidServers, pluginEnv } from './summary.ts';
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
} from './types.ts';
