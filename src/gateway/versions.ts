import { LEGACY_VERSIONS } from '../upstreams/index.ts';

/** Revisions this endpoint speaks with agents, newest first. */
export const SUPPORTED_VERSIONS: readonly string[] = LEGACY_VERSIONS;

/** The only revision with JSON-RPC batches. */
export const BATCH_VERSION = '2025-03-26';

/** The agent's wish if we speak it, else the newest that we do. @see MCP 2025-11-25, basic/lifecycle#version-negotiation */
export function negotiateVersion(wanted: unknown): string {
  return SUPPORTED_VERSIONS.find((version) => version === wanted) ?? SUPPORTED_VERSIONS[0] ?? '';
}

/** Whether SSE streams may begin with an empty event: clients of older revisions try to parse it. */
export function primesStreams(version: string | null): boolean {
  return version !== null && version >= '2025-11-25';
}
