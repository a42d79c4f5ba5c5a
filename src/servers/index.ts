/**
 * servers: which servers there are, after configuration and requirements, and what a change of them means.
 *
 * Fully pure: it holds names of variables and never their values, starts nothing and reads nothing.
 * Everything that connects, lists or shows a server takes its `ResolvedServer` from here.
 * `upstreams`, `status`, `host`, `cli` and whatever stands above may call it.
 */
export { connectionKey, declaredEnvNames, type EnvValues } from './connection-key.ts';
export { planReload, type ReloadAction } from './plan-reload.ts';
export { type ResolveInput, resolveServers } from './resolve.ts';
export type { Launch, ResolvedServer, ServerVerdict, StdioLaunch } from './types.ts';
