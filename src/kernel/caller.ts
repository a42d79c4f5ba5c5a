/**
 * Who asks. Facts come from a token or from the pipe that started; what a client says about itself is kept beside them
 * as a claim and decides nothing.
 */
export type Caller = {
  /** `local` is the user of this home, over the socket or stdio; `token` came over HTTP. */
  readonly kind: 'local' | 'token';
  /** Token name, or `local`. Limits and sessions are counted by `kind` and `name`. */
  readonly name: string;
  readonly user: string | null;
  readonly team: string | null;
  /** Absolute folder the caller works in. */
  readonly workspace: string | null;
  /** Agent name, from `--agent`. */
  readonly agent: string | null;
  /** True when questions to this caller reach a person. */
  readonly human: boolean;
};

/** The user of this home, who is trusted with everything in it. */
export function localCaller({
  workspace = null,
  agent = null,
  human = false,
}: Partial<Pick<Caller, 'workspace' | 'agent' | 'human'>> = {}): Caller {
  return { kind: 'local', name: 'local', user: null, team: null, workspace, agent, human };
}
