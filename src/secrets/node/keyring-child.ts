import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { createKey } from './age-file.ts';

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

/**
 * Asks the keyring and prints the answer: what the process does that `keyring.ts` starts. It ends itself by SIGKILL, since a
 * call that waits for a locked keyring cannot be taken back and would keep the process.
 */
export async function answerKeyring(request: KeyringRequest): Promise<void> {
  const tooLate = setTimeout(() => finish({ kind: 'silent' }), request.waitMs);
  const answer = await ask(request);
  clearTimeout(tooLate);
  finish(answer);
}

function finish(answer: KeyringAnswer): void {
  writeSync(1, `\n${ANSWER_MARK}${JSON.stringify(answer)}\n`);
  process.kill(process.pid, 'SIGKILL');
}

async function ask(request: KeyringRequest): Promise<KeyringAnswer> {
  const { AsyncEntry } = await import('@napi-rs/keyring');
  const entryOf = (name: string): InstanceType<typeof AsyncEntry> => new AsyncEntry(SERVICE, name, ENTRY_OPTIONS);
  try {
    entryOf('probe');
  } catch (error) {
    return { kind: 'unreachable', detail: detailOf(error) };
  }
  try {
    if (request.op === 'create') return await create(entryOf);
    const entry = entryOf(`key-${request.id}`);
    if (request.op === 'delete') {
      await entry.deletePassword();
      return { kind: 'deleted' };
    }
    const identity = await entry.getPassword();
    return identity === null ? { kind: 'absent' } : { kind: 'key', identity };
  } catch (error) {
    return { kind: 'refused', detail: detailOf(error) };
  }
}

type Entry = {
  readonly setPassword: (text: string) => Promise<void>;
  readonly getPassword: () => Promise<string | null>;
  readonly deletePassword: () => Promise<boolean>;
};

/** A new key, once writing, reading and deleting have worked with something worthless. */
async function create(entryOf: (name: string) => Entry): Promise<KeyringAnswer> {
  const nonce = randomBytes(16).toString('hex');
  const probe = entryOf(`probe-${nonce}`);
  await probe.setPassword(nonce);
  const read = await probe.getPassword();
  const deleted = await probe.deletePassword();
  if (read !== nonce || !deleted) return { kind: 'refused', detail: 'it does not give back what was written' };
  const key = await createKey();
  const identity = key.identity.reveal();
  const entry = entryOf(`key-${key.id}`);
  await entry.setPassword(identity);
  if ((await entry.getPassword()) !== identity)
    return { kind: 'refused', detail: 'it does not give back what was written' };
  return { kind: 'key', identity };
}

function detailOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
