/**
 * servers: which servers there are, after configuration, plugins and requirements, what a change of them means, what a
 * launch needs to be looked up, and what it is with the values in it.
 *
 * Fully pure: values pass through it as they are handed in, and are not kept; it starts nothing and reads nothing.
 * Everything that connects, lists or shows a server takes its `ResolvedServer` from here.
 * `upstreams`, `status`, `host`, `cli` and whatever stands above may call it.
 */
export { connectionKey, declaredEnvNames, type EnvValues } from './connection-key.ts';
export { unknownTools } from './named-tools.ts';
export { planReload, type ReloadAction } from './plan-reload.ts';
export { pluginServerSwitch } from './plugin/claims.ts';
export type { LaidTable } from './plugin/merge.ts';
export { namesMeaning } from './plugin/names.ts';
export type { ServerParts } from './plugin/servers.ts';
export { type Resolved, resolveServers } from './resolve.ts';
export type {
  FilledHttp,
  FilledLaunch,
  FilledStdio,
  Launch,
  Lookups,
  NamedTool,
  PluginInput,
  PluginStanding,
  RemovedPlugin,
  ResolvedServer,
  ResolveInput,
  ServerOwner,
  ServerSetting,
  ServerVerdict,
  StdioLaunch,
  ValueSources,
} from './types.ts';
export { fillLaunch } from './values/fill-launch.ts';
export { askedBy, type Given, type Lacking, lackingOf } from './values/lacking.ts';
export { mayNameSecret } from './values/secret-names.ts';
export { type ReadBy, secretReaders, serversReading } from './values/secret-readers.ts';
export { brokenFileStep, issuesAt, settingsKey } from './verdict-parts.ts';
