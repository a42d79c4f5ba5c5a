import { open, realpath, rm } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { AppError } from '../../../kernel/index.ts';
import { consumerText, KEY_FILES, SECRETS_FILE, type SecretRef } from '../../../secrets/index.ts';
import { renderNotes } from '../../render-secrets.ts';
import type { CliCommand } from '../context.ts';
import { withSecretStore } from '../secret-store.ts';

type Exported = {
  readonly schemaVersion: 1;
  readonly count: number;
  /** Absolute; null when it goes to standard output. */
  readonly file: string | null;
  /** The age file as text, when it was written to no other. */
  readonly age: string | null;
  readonly notes: readonly string[];
};

export const secretExport: CliCommand<Exported> = {
  name: 'secret export',
  summary: 'Write all secrets as an age file that only its recipient can open',
  examples: ['plugboard secret export --to-age age1… --output backup.age'],
  args: [],
  options: [
    { name: 'to-age', value: 'RECIPIENT', many: true, help: 'public key of who may open it, age1…' },
    { name: 'output', short: 'o', value: 'FILE', help: 'write it to this new file (default: standard output)' },
  ],
  run: async (context, input) => {
    const recipients = input.lists['to-age'] ?? [];
    if (recipients.length === 0)
      throw new AppError('USAGE', '--to-age is missing: secrets leave the store only encrypted', {
        hint: 'make a key with age-keygen, and give its public key',
      });
    const output = input.values['output'];
    const file = output === undefined ? null : resolve(context.cwd, output);
    if (file !== null) await refuseOwnFile(file, context.home);
    return withSecretStore(context, async ({ store, notes }) => {
      const { text, count } = await store.exportTo(recipients);
      if (file !== null) await writeNew(file, text);
      return { schemaVersion: 1, count, file, age: file === null ? text.trimEnd() : null, notes };
    });
  },
  render: ({ count, file, age, notes }, { err }) => {
    if (age === null)
      return [`Wrote ${count === 1 ? '1 secret' : `${count} secrets`} to ${file}.`, ...renderNotes(notes)].join('\n');
    err.write(renderNotes(notes).join('\n'));
    return age;
  },
  exitCode: () => 0,
};

/** Files that mean something in a home, by the names that count there: whoever wrote an export under one would change the home. */
const OWN_FILES: readonly string[] = ['config.toml', SECRETS_FILE, KEY_FILES.identity, KEY_FILES.passphrase];

async function refuseOwnFile(file: string, home: string): Promise<void> {
  const realFolder = (folder: string): Promise<string | null> => realpath(folder).catch(() => null);
  const isOwn = OWN_FILES.includes(basename(file).toLowerCase());
  if (!isOwn || (await realFolder(dirname(file))) !== (await realFolder(home))) return;
  throw new AppError('SECRET_STORE_UNWRITABLE', 'an export does not take the place of a file of the home', {
    where: file,
    hint: 'name another file, such as backup.age',
  });
}

/** Never over a file that is there: it may be the only copy of something. What could not be written whole is taken away. */
async function writeNew(file: string, text: string): Promise<void> {
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
    throw new AppError('SECRET_STORE_UNWRITABLE', `the export could not be written (${code})`, {
      where: file,
      hint: code === 'EEXIST' ? 'name a file that does not exist yet' : 'check the folder and the free space',
      cause,
    });
  }
}

type Imported = {
  readonly schemaVersion: 1;
  readonly file: string;
  readonly added: readonly RefJson[];
  readonly unchanged: readonly RefJson[];
  readonly replaced: readonly RefJson[];
  /** They have another value in the store, and keep it. */
  readonly kept: readonly RefJson[];
  readonly notes: readonly string[];
};
type RefJson = { readonly name: string; readonly for: string };

export const secretImport: CliCommand<Imported> = {
  name: 'secret import',
  summary: 'Take over the secrets of an export, or of an older copy of secrets.age',
  examples: ['plugboard secret import backup.age --identity key.txt'],
  args: [{ name: 'FILE', help: 'the age file', required: true }],
  options: [
    {
      name: 'identity',
      value: 'FILE',
      many: true,
      help: 'file with the key that opens it (default: the key of this home)',
    },
    { name: 'replace', help: 'where the store has another value, take the one of the file' },
  ],
  run: async (context, input) => {
    const file = resolve(context.cwd, input.args['FILE'] ?? '');
    const identityFiles = (input.lists['identity'] ?? []).map((path) => resolve(context.cwd, path));
    return withSecretStore(context, async ({ store, notes }) => {
      const done = await store.importFrom({ file, identityFiles, replace: input.flags.has('replace') });
      const { added, unchanged, replaced, kept } = done;
      return {
        schemaVersion: 1,
        file,
        added: added.map(refJson),
        unchanged: unchanged.map(refJson),
        replaced: replaced.map(refJson),
        kept: kept.map(refJson),
        notes,
      };
    });
  },
  render: (report) => {
    const { added, unchanged, replaced, kept, notes } = report;
    const counts = `${added.length} added, ${replaced.length} replaced, ${unchanged.length} as they were`;
    const lines = kept.map(({ name, for: consumer }) => `  ${name} for ${consumer}`);
    const question = kept.length === 0 ? [] : ['These have another value here and keep it (see --replace):', ...lines];
    return [`Secrets: ${counts}.`, ...question, ...renderNotes(notes)].join('\n');
  },
  exitCode: ({ kept }) => (kept.length > 0 ? 1 : 0),
};

function refJson({ name, consumer }: SecretRef): RefJson {
  return { name, for: consumerText(consumer) };
}
