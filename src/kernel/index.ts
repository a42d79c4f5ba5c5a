/**
 * kernel: the words every room shares. Errors and their codes, issues, server states, JSON-RPC shapes, Secret, callers, ports.
 *
 * It knows nothing of files, sockets, processes or configuration, and imports no other room.
 * Everyone may call it. The effects behind the ports (clock, log files, environment) are in `node/`.
 */
export { type Caller, localCaller } from './caller.ts';
export { AppError, type AppErrorDetail, toRpcError } from './error.ts';
export { ERROR_CODES, type ErrorCode, type ErrorCodeFacts, isErrorCode } from './error-codes.ts';
export { type Issue, issueLocation, limitIssues, renderIssue } from './issue.ts';
export { canonicalJson, isDeeperThan, isJsonObject, type JsonObject, type JsonValue, parseExactly } from './json.ts';
export {
  type Classified,
  classifyMessage,
  outcomeOf,
  RPC,
  type RpcError,
  type RpcFailure,
  type RpcId,
  type RpcMessage,
  type RpcNotification,
  type RpcOutcome,
  type RpcRequest,
  type RpcResponse,
  type RpcSuccess,
  responseOf,
} from './jsonrpc.ts';
export { type Clock, type Log, type LogLevel, silentLog } from './ports.ts';
export { createRedactor, type Redact } from './redactor.ts';
export { Secret } from './secret.ts';
export {
  type ConnectionErrorReason,
  describeState,
  type EpochMs,
  nextStep,
  type ServerState,
  type ServerStateKind,
  type StateSubject,
  stateLabel,
  type TimeoutPhase,
} from './state.ts';
export { commandLine, nearest, printable, printableLine, shorten } from './text.ts';
export { variableIn } from './variables.ts';
