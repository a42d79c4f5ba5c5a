import { isJsonObject, Secret } from '../kernel/index.ts';
import { type HeaderValues, isSendableHeader } from './http-headers.ts';

/** What came of reading a helper's output. `problem` never repeats what was printed, header names excepted. */
export type HelperOutput =
  | { readonly kind: 'headers'; readonly headers: HeaderValues }
  | { readonly kind: 'bad'; readonly problem: string };

/** Reads what a `http_headers_helper` printed: one JSON object, header name → value. */
export function parseHelperOutput(stdout: string): HelperOutput {
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch {
    return { kind: 'bad', problem: stdout.trim() === '' ? 'printed nothing' : 'printed something that is not JSON' };
  }
  if (!isJsonObject(value)) return { kind: 'bad', problem: 'must print a JSON object, header name to value' };
  const headers: Record<string, Secret> = {};
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string') return { kind: 'bad', problem: `${shown(name)}: the value must be a string` };
    if (!isSendableHeader(name, text)) return { kind: 'bad', problem: `${shown(name)}: not a header it may set` };
    headers[name] = new Secret(`http_headers_helper ${name}`, text);
  }
  return { kind: 'headers', headers };
}

/** A name is shown only when it looks like one: a helper that mixes up names and values must not leak either. */
function shown(name: string): string {
  return /^[A-Za-z][A-Za-z0-9-]{0,40}$/.test(name) ? name : 'a header';
}
