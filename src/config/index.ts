/**
 * config: what the configuration files say. TOML text → layers → one `Config` in which every value knows its origin,
 * with an issue (file, line, column, key, hint) for whatever is wrong, and what the requirements files allow.
 *
 * It never reads or writes a file (`node/` does), never starts anything, and never puts a value into a message.
 * One bad entry never takes the others down. The table of keys is the single source for parser, hints and reference.
 * `servers` and everything above may call it.
 */
import * as read from './read.ts';

export { buildConfig } from './build.ts';
export { byPlace, type CheckContext, type FileFormat, type Finding, found, kindWord } from './check.ts';
export { addServer, removeServer, setKey, unsetKey } from './edit.ts';
export type { TomlInput, TomlInputTable } from './edit-tree.ts';
export { type Explainable, type Explained, type ExplainedLayer, explain, get, type ShowOptions } from './explain.ts';
export { gitRefProblem, type ParsedGitUrl, parseGitUrl, sparsePathProblem } from './git-url.ts';
export { keyBesideIdentity } from './identity.ts';
export type { KeyRow, KeyType } from './key-types.ts';
export { CODEX_KEYS, countsAtStart, PROVIDER_KEYS, TOP_KEYS } from './keys.ts';
export { layOver } from './layers.ts';
export {
  BUILT_IN,
  type KeyPath,
  type Located,
  type LocatedList,
  type LocatedScalar,
  type LocatedTable,
  locate,
  plainValue,
  renderKey,
} from './located.ts';
export {
  type AllowedSource,
  isVouchedMarketplace,
  type MarketplaceRequirements,
  marketplaceRequirementFor,
} from './marketplace-requirements.ts';
export { locatedFrom, type ParsedLayer, parseKey, parseLayer, parseValue } from './parse.ts';
export type { Places } from './places.ts';
export { isPluginName, parsePluginId } from './plugin-id.ts';
export { DEFAULT_PLUGIN_KEYS, differsInPolicy, MARKETPLACE_KEYS, PLUGIN_KEYS, POLICY_KEYS } from './plugin-keys.ts';
export {
  canonicalText,
  type Dialect,
  escapeReferences,
  hasReferences,
  type Piece,
  scanReferences,
} from './references.ts';
export {
  isListedPlugin,
  parseRequirements,
  pluginServerRequirementFor,
  pluginsRequirementFor,
  type Requirements,
  requirementFor,
} from './requirements.ts';
export { isLoopback, isOfType, urlProblem } from './scalars.ts';
export { type ParsedServer, parseServer } from './server-entry.ts';
export { SERVER_KEYS } from './server-keys.ts';
export { shellFindings } from './server-references.ts';
export { mapTexts, REFERENCE_KEYS, type TextChange } from './stand-ins.ts';
export type {
  Config,
  EnvVarRef,
  HttpTransport,
  Layer,
  MarketplaceIdentity,
  MarketplaceSettings,
  Origin,
  PluginSettings,
  SecretProvider,
  ServerEntry,
  ServerOverlay,
  ServerPolicy,
  ServeSettings,
  StdioTransport,
} from './types.ts';

/** Typed views of a checked table. */
export { read };
