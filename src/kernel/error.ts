import { ERROR_CODES, type ErrorCode, type ErrorCodeFacts } from './error-codes.ts';
import type { JsonObject } from './json.ts';
import type { RpcError } from './jsonrpc.ts';

export type AppErrorDetail = {
  /** `file:line:column`, a server name, or a command: where to look. */
  readonly where?: string;
  /** What to do, in words that fit this very case. Falls back to the table's `fix`. */
  readonly hint?: string;
  /** Facts for programs. Never a secret. */
  readonly data?: JsonObject;
  readonly cause?: unknown;
};

/** The one error class for what can go wrong outside the code. Programmer errors stay plain `Error`. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly where: string | undefined;
  readonly hint: string;
  readonly data: JsonObject | undefined;

  constructor(code: ErrorCode, message: string, detail: AppErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.where = detail.where;
    this.hint = detail.hint ?? ERROR_CODES[code].fix;
    this.data = detail.data;
  }

  get facts(): ErrorCodeFacts {
    return ERROR_CODES[this.code];
  }

  /** What `--json` prints on stderr. */
  toJSON(): JsonObject {
    return {
      code: this.code,
      message: this.message,
      where: this.where,
      hint: this.hint,
      data: this.data,
    };
  }
}

/** An error of any kind as the JSON-RPC error an agent gets. Unknown errors say `INTERNAL` and nothing of their inside. */
export function toRpcError(error: unknown): RpcError {
  const known = error instanceof AppError ? error : new AppError('INTERNAL', 'internal error');
  return {
    code: known.facts.rpc,
    message: known.message,
    data: { ...known.data, code: known.code, hint: known.hint },
  };
}
