import type { EnvVarRef, HttpTransport, ServerEntry } from '../config/index.ts';
import type { Issue } from '../kernel/index.ts';

/** How a process is started: everything but the values of the variables it names. */
export type StdioLaunch = {
  readonly kind: 'stdio';
  readonly command: string;
  readonly args: readonly string[];
  /** Literal values. They win over `envVars`. */
  readonly env: Readonly<Record<string, string>>;
  readonly envVars: readonly EnvVarRef[];
  /** Absolute. */
  readonly cwd: string;
};

export type Launch = StdioLaunch | HttpTransport;

/** Why a server is not to be started. `blocked`: a requirements file does not allow it. */
export type ServerVerdict =
  | { readonly kind: 'startable'; readonly launch: Launch }
  | { readonly kind: 'disabled'; readonly by: 'user'; readonly where: string; readonly launch: Launch | null }
  | { readonly kind: 'blocked'; readonly file: string; readonly launch: Launch | null }
  | { readonly kind: 'invalid'; readonly issues: readonly Issue[] };

/** One server that Plugboard knows of, after all layers: the input of everything that connects, lists or shows it. */
export type ResolvedServer = Omit<ServerEntry, 'transport' | 'enabled' | 'enabledOrigin' | 'problems'> & {
  readonly verdict: ServerVerdict;
};
