import { type Issue, isJsonObject, type JsonObject, type JsonValue } from '../../kernel/index.ts';
import { collectEntries, LISTS, type ListKind } from '../listing.ts';
import { LEGACY_VERSIONS } from '../protocol.ts';
import { type Transport, TransportEnded } from '../transport.ts';
import type { Connection, Wait } from './connection.ts';

/** What a server said of itself in its answer to `initialize`. */
export type ServerHello = {
  readonly serverInfo: JsonObject;
  readonly capabilities: JsonObject;
  readonly instructions: string | null;
};

export type Introduction = {
  readonly transport: Transport;
  /** What we declare. */
  readonly capabilities: JsonObject;
  readonly clientVersion: string;
  readonly wait: Wait;
};

/**
 * Introduces us to a server and tells it that we are ready.
 *
 * @throws TransportEnded `protocol` for an answer that is none
 * @throws AppError `UPSTREAM_*`
 * @see MCP 2025-11-25, basic/lifecycle#initialization
 */
export async function introduce(connection: Connection, own: Introduction): Promise<ServerHello> {
  const params = {
    protocolVersion: LEGACY_VERSIONS[0],
    capabilities: own.capabilities,
    clientInfo: { name: 'plugboard', title: 'Plugboard', version: own.clientVersion },
  };
  const outcome = await connection.request('initialize', params, own.wait);
  if (outcome.kind === 'error') throw protocolError(`initialize was refused: ${outcome.error.message}`);
  const result = outcome.result;
  const version = isJsonObject(result) ? result['protocolVersion'] : undefined;
  if (!isJsonObject(result) || typeof version !== 'string')
    throw protocolError('initialize was answered without "protocolVersion"');
  if (!LEGACY_VERSIONS.includes(version as (typeof LEGACY_VERSIONS)[number]))
    throw protocolError(`it speaks revision ${version}, which Plugboard does not`);
  own.transport.setProtocolVersion(version);
  connection.notify('notifications/initialized');
  return helloOf(result);
}

/** A list is walked this far: a server that always names one more page must not fill the memory. */
const MOST_PAGES = 500;

export type Walk = {
  readonly server: string;
  readonly kind: ListKind;
  readonly wait: Wait;
  /** What the server did wrong on the way; the pages so far are used all the same. */
  readonly onOdd: (detail: string) => void;
};

/**
 * Reads all pages of one list. A server that refuses to list anything but tools has none.
 *
 * @throws TransportEnded `protocol` when it refuses to list its tools
 * @throws AppError `UPSTREAM_*`
 */
export async function walkList(
  connection: Connection,
  { server, kind, wait, onOdd }: Walk,
): Promise<{ readonly entries: readonly JsonObject[]; readonly issues: readonly Issue[] }> {
  const { method } = LISTS[kind];
  const pages: JsonValue[] = [];
  const cursors = new Set<string>();
  let params: JsonObject | undefined;
  for (;;) {
    const outcome = await connection.request(method, params, wait);
    if (outcome.kind === 'error' && kind === 'tools')
      throw protocolError(`${method} was refused: ${outcome.error.message}`);
    if (outcome.kind === 'error') break;
    pages.push(outcome.result);
    const cursor = isJsonObject(outcome.result) ? outcome.result['nextCursor'] : undefined;
    if (typeof cursor !== 'string') break;
    const problem = cursors.has(cursor)
      ? `repeats the cursor ${JSON.stringify(cursor)}`
      : pages.length >= MOST_PAGES
        ? `has more than ${MOST_PAGES} pages`
        : null;
    if (problem !== null) {
      onOdd(`${method} ${problem}; the pages so far are used`);
      break;
    }
    cursors.add(cursor);
    params = { cursor };
  }
  return collectEntries(server, kind, pages);
}

function helloOf(result: JsonObject): ServerHello {
  const object = (key: string): JsonObject => {
    const value = result[key];
    return isJsonObject(value) ? value : {};
  };
  const instructions = result['instructions'];
  return {
    serverInfo: object('serverInfo'),
    capabilities: object('capabilities'),
    instructions: typeof instructions === 'string' ? instructions : null,
  };
}

function protocolError(detail: string): TransportEnded {
  return new TransportEnded({ kind: 'protocol', detail });
}
