import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type * as Keyrings from '@napi-rs/keyring';
import type { StoreKey } from './age-file.ts';

/** What a process is asked that talks to the keyring. `waitMs`: how long the keyring may take. */
export type KeyringRequest =
  | { readonly op: 'create'; readonly waitMs: number }
  | { readonly op: 'get' | 'delete'; readonly id: string; readonly waitMs: number };

/**
 * `unreachable`: there is no keyring here. `refused`: it is there, and does not open: locked, the question was closed, or
 * there is nothing in it to put keys into. `silent`: no answer in time.
 */
export type KeyringAnswer =
  | { readonly kind: 'key'; readonly identity: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'unreachable' | 'refused'; readonly detail: string }
  | { readonly kind: 'silent' };

/** Where the parent finds the answer, whatever else a library prints. */
export const ANSWER_MARK = 'plugboard-keyring: ';

/** This file, for the parent that starts a process with it. */
export const CHILD_URL = import.meta.url;

const SERVICE = 'plugboard';

/** The keyring of the kernel forgets everything at the next start of the machine, so there is no going back to it. */
const ENTRY_OPTIONS = { linux: { store: 'secret-service' } } as const;

/** Prints the answer `silent` and ends the process, from a thread of its own: this one waits inside of the keyring then. */
const DEADLINE = `
const { workerData } = require('node:worker_threads');
setTimeout(() => {
  require('node:fs').writeSync(1, workerData.text);
  process.kill(process.pid, 'SIGKILL');
}, workerData.waitMs);
`;

/**
 * Asks the keyring and prints the answer: what the process does that `keyring.ts` starts. A call to a keyring cannot be
 * taken back, neither the one that opens a session nor the one that waits for a dialog, so the process ends by SIGKILL.
 */
export async function answerKeyring(request: KeyringRequest): Promise<void> {
  // The time is for the keyring: what it takes to load this here is not counted. As a module it would take longer.
  const { Entry } = createRequire(import.meta.url)('@napi-rs/keyring') as typeof Keyrings;
  // Asking for a key is what each start waits for; what only making one takes is loaded for that alone.
  const key = request.op === 'create' ? (await import('./age-file.ts')).createKey() : null;
  const workerData = { waitMs: request.waitMs, text: textOf({ kind: 'silent' }) };
  new Worker(DEADLINE, { eval: true, execArgv: [], workerData }).unref();
  const answer = ask(request, key, (name) => new Entry(SERVICE, name, ENTRY_OPTIONS));
  writeSync(1, textOf(answer));
  process.kill(process.pid, 'SIGKILL');
}

function textOf(answer: KeyringAnswer): string {
  return `\n${ANSWER_MARK}${JSON.stringify(answer)}\n`;
}

type OpenEntry = (name: string) => Keyrings.Entry;

function ask(request: KeyringRequest, key: StoreKey | null, entryOf: OpenEntry): KeyringAnswer {
  let entry: Keyrings.Entry;
  try {
    // Opens the way to the keyring.
    entry = entryOf(request.op === 'create' ? 'probe' : `key-${request.id}`);
  } catch (error) {
    return { kind: 'unreachable', detail: detailOf(error) };
  }
  try {
    if (request.op === 'create') return key === null ? { kind: 'absent' } : keep(key, entryOf);
    if (request.op === 'delete') {
      entry.deletePassword();
      return { kind: 'deleted' };
    }
    const identity = entry.getPassword();
    return identity === null ? { kind: 'absent' } : { kind: 'key', identity };
  } catch (error) {
    return { kind: 'refused', detail: detailOf(error) };
  }
}

/** Keeps a key, once writing, reading and deleting have worked with something worthless. */
function keep(key: StoreKey, entryOf: OpenEntry): KeyringAnswer {
  // Of its own for each key, so that two homes do not take the probe of each other.
  const probe = entryOf(`probe-${key.id}`);
  probe.setPassword(key.id);
  const read = probe.getPassword();
  const deleted = probe.deletePassword();
  const identity = key.identity.reveal();
  const entry = entryOf(`key-${key.id}`);
  if (read === key.id && deleted) entry.setPassword(identity);
  return entry.getPassword() === identity
    ? { kind: 'key', identity }
    : { kind: 'refused', detail: 'it does not give back what was written' };
}

function detailOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
