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
