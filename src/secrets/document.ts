import { isJsonObject, type JsonObject, type JsonValue, Secret } from '../kernel/index.ts';
import { consumerOf, consumerText, isSecretName } from './names.ts';
import type { KeyHolder, KeyRef, SecretDocument, SecretRecord, SecretSource } from './types.ts';

const SCHEMA_VERSION = 1;
const HOLDERS: readonly string[] = ['keyring', 'identity', 'passphrase'] satisfies readonly KeyHolder[];

export const EMPTY_DOCUMENT: SecretDocument = { records: [], retired: [] };

/**
 * The text that is encrypted: one JSON object, so that people can read it after `age -d`.
 *
 * @param show Gives a value; handed in, since it is looked at in `node/` only.
 */
export function documentText(document: SecretDocument, show: (secret: Secret) => string): string {
  const secrets = document.records.map(({ name, consumer, value, setAt, source }) => ({
    name,
    for: consumerText(consumer),
    value: show(value),
    setAt: new Date(setAt).toISOString(),
    from: source.how,
    ...('what' in source ? { what: source.what } : {}),
  }));
  return `${JSON.stringify({ schemaVersion: SCHEMA_VERSION, secrets, retired: document.retired }, null, 2)}\n`;
}

/** What is wrong with a text, in words that repeat nothing of it. */
export type DocumentProblem = { readonly problem: string };

/** Reads what {@link documentText} wrote. All or nothing: half a store would be written back as the whole. */
export function parseDocument(text: string): SecretDocument | DocumentProblem {
  const json = jsonOf(text);
  if (!isJsonObject(json)) return { problem: 'it is not a JSON object' };
  if (json['schemaVersion'] !== SCHEMA_VERSION) return { problem: `its schemaVersion is not ${SCHEMA_VERSION}` };
  const { secrets, retired = [] } = json;
  if (!Array.isArray(secrets)) return { problem: 'it has no list "secrets"' };
  const records = (secrets as readonly JsonValue[]).map(parseRecord);
  const wrong = records.indexOf(null);
  if (wrong !== -1) return { problem: `entry ${wrong + 1} of "secrets" is not understood` };
  const keys = Array.isArray(retired) ? (retired as readonly JsonValue[]).map(parseKeyRef) : [null];
  if (keys.includes(null)) return { problem: '"retired" is not understood' };
  return { records: records.filter((one) => one !== null), retired: keys.filter((one) => one !== null) };
}

/** A JSON error quotes the text around it, so it goes no further. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseRecord(entry: JsonValue): SecretRecord | null {
  if (!isJsonObject(entry)) return null;
  const { name, for: consumerName, value, setAt } = entry;
  if (typeof name !== 'string' || typeof consumerName !== 'string' || typeof value !== 'string') return null;
  const consumer = consumerOf(consumerName);
  const at = typeof setAt === 'string' ? Date.parse(setAt) : Number.NaN;
  const source = parseSource(entry);
  if (!isSecretName(name) || consumer === null || Number.isNaN(at) || source === null) return null;
  return { name, consumer, value: new Secret(name, value), setAt: at, source };
}

function parseSource({ from, what }: JsonObject): SecretSource | null {
  if (from === 'prompt' || from === 'stdin') return { how: from };
  return (from === 'env' || from === 'file') && typeof what === 'string' ? { how: from, what } : null;
}

function parseKeyRef(entry: JsonValue): KeyRef | null {
  return isJsonObject(entry) ? keyRefOf(entry['holder'], entry['id']) : null;
}

/** A key by the words that stand for it in a file; null for other words. */
export function keyRefOf(holder: unknown, id: unknown): KeyRef | null {
  if (typeof holder !== 'string' || typeof id !== 'string') return null;
  return HOLDERS.includes(holder) && /^[0-9a-f]{16}$/.test(id) ? { holder: holder as KeyHolder, id } : null;
}
