import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sealTo } from '../../src/secrets/node/age-file.ts';
import { createReader, type Reader } from '../support/age.ts';
import { CANARIES, type Canary, leaks } from '../support/canaries.ts';
import { type Home, type Run, useHomes } from '../support/home.ts';
import { PRODUCT } from '../support/product.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

/** Command lines of all processes there are. */
function commandLines(): readonly (readonly [string, string])[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid): [string, string][] => {
      try {
        return [[`process ${pid}`, readFileSync(`/proc/${pid}/cmdline`, 'utf8')]];
      } catch {
        return [];
      }
    });
}

/** Every file below a folder, with its content. */
function filesBelow(folder: string): readonly (readonly [string, string])[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [path, readFileSync(path, 'latin1')]);
}

const [{ word } = { word: '' }] = CANARIES;
const SECRETS = CANARIES.map((one) => ({ name: one.name, for: 'docs', value: one.value, from: 'stdin' }));

function sealed(text: string, { recipient }: Reader): Promise<string> {
  return sealTo(text, [recipient]);
}

/** `secret set`, the value from a pipe, a file or a variable, in turn. */
function set(home: Home, { name, value }: Canary, index: number): Run {
  const args = ['secret', 'set', name, '--for', 'docs', '--json'];
  const file = join(home.folder, `${name}.txt`);
  // One line break at the end is not part of a value that is read.
  writeFileSync(file, `${value}\n`);
  if (index % 3 === 0) return home.run([...args, '--from-file', file]);
  if (index % 3 === 1) return home.run([...args, '--from-env', 'GIVEN'], { env: { ...home.env, GIVEN: value } });
  const script = `exec "$0" "$@" --stdin < '${file}'`;
  return home.command('sh', ['-c', script, process.execPath, PRODUCT, ...args]);
}

test(proves('secrets.never-shown'), async () => {
  const home = createHome();
  home.configure({ docs: { command: 'x', env_vars: CANARIES.map(({ name }) => name) } });
  const seen: (readonly [string, string])[] = [];
  const watch = setInterval(() => seen.push(...commandLines()), 20);
  const finish = async (what: string, run: Run): Promise<number | NodeJS.Signals> => {
    const status = await run.ended;
    seen.push([`${what}: output`, run.stdout()], [`${what}: errors`, run.stderr()]);
    return status;
  };
  const command = (...args: readonly string[]): Promise<number | NodeJS.Signals> =>
    finish(args.join(' '), home.run(args));

  const rest = [...CANARIES.entries()];
  await Promise.all(
    [0, 1, 2].map(async () => {
      for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
        const [index, canary] = next;
        expect([canary.name, await finish(`set ${canary.name}`, set(home, canary, index))]).toEqual([canary.name, 0]);
      }
    }),
  );

  const key = await createReader();
  const identity = join(home.path, 'reader.txt');
  writeFileSync(identity, key.identity, { mode: 0o600 });
  const backup = join(home.path, 'backup.age');
  for (const json of [[], ['--json']]) {
    await command('secret', 'list', ...json);
    await command('secret', 'export', '--to-age', key.recipient, ...json);
    await command('secret', 'rotate', ...json);
    await command('secret', 'unset', 'CANARY', ...json);
    await command('doctor', ...json);
    await command('mcp', 'list', ...json);
    await command('config', 'explain', 'secrets_store', ...json);
  }
  expect(await command('secret', 'export', '--to-age', key.recipient, '-o', backup)).toBe(0);
  expect(await command('secret', 'import', backup, '--identity', identity)).toBe(0);
  await finish('replace', home.run(['secret', 'set', 'CANARY_3', '--for', 'docs', '--from-env', 'HOME']));
  expect(await command('secret', 'import', backup, '--identity', identity, '--json')).toBe(1);
  expect(await command('secret', 'import', backup, '--identity', identity, '--replace', '--json')).toBe(0);

  // What is wrong is said without what was given.
  const bad = join(home.folder, 'bad.txt');
  for (const content of [`${word}\0`, word.repeat(9000), Buffer.from([...Buffer.from(word), 0xff])]) {
    writeFileSync(bad, content);
    expect(await command('secret', 'set', 'BAD', '--for', 'docs', '--from-file', bad)).toBe(2);
  }
  const passphrase = { ...home.env, PLUGBOARD_SECRETS_PASSPHRASE: word };
  expect(await finish('a passphrase', home.run(['secret', 'list'], { env: passphrase }))).toBe(0);
  const wrong = { ...home.env, PLUGBOARD_SECRETS_PASSPHRASE: `x${word}` };
  expect(await finish('a wrong passphrase', home.run(['secret', 'list'], { env: wrong }))).toBe(3);
  clearInterval(watch);

  const files = filesBelow(home.path);
  expect(files.map(([path]) => path)).toContain(join(home.path, 'secrets.age'));
  expect(leaks([...seen, ...files])).toEqual([]);
  expect(seen.filter(([, text]) => text.includes('AGE-SECRET-KEY-'))).toEqual([]);

  // What is given on a command line is there for all to see; it goes no further than that.
  const shown = [
    await home.finish(['secret', 'set', 'A', word, '--for', 'docs']),
    await home.finish(['secret', 'set', 'A', `--value=${word}`, '--for', 'docs']),
    await home.finish(['secret', 'set', `${word} x`, '--for', 'docs', '--from-env', 'HOME']),
    await home.finish(['secret', 'set', 'A', '--for', `${word} x`, '--from-env', 'HOME']),
    await home.finish(['secret', 'set', 'A', '--for', 'docs', '--from-env', word]),
    await home.finish(['secret', 'export', '--to-age', word]),
  ];
  expect(shown.map(({ status }) => status)).toEqual([2, 2, 2, 2, 2, 2]);
  expect(leaks(shown.map(({ stdout, stderr }, index) => [`error ${index}`, stdout + stderr]))).toEqual([]);

  // The nets were cast where fish are: every value is there, to the letter, and the search finds what it should.
  const { secrets } = JSON.parse(await key.open(readFileSync(backup, 'utf8'))) as {
    readonly secrets: readonly { name: string; value: string }[];
  };
  const stored = new Map(secrets.map(({ name, value }) => [name, value]));
  expect(CANARIES.filter(({ name, value }) => stored.get(name) !== value)).toEqual([]);
  expect(leaks(CANARIES.map(({ name, value }) => [name, value]))).toHaveLength(CANARIES.length);
}, 180_000);

/** Commands that fail over what a file holds: the files are made of values, and nothing of them is said. */
const FAILING: readonly {
  readonly name: string;
  /** Writes into the home what is wrong. */
  readonly make: (home: Home, file: string) => Promise<void> | void;
  readonly args: (file: string) => readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly status: number;
}[] = [
  {
    name: 'a store that is a text of values',
    make: (home) => writeFileSync(join(home.path, 'secrets.age'), CANARIES.map((one) => one.value).join('\n')),
    args: () => ['secret', 'list'],
    status: 1,
  },
  {
    name: 'a store that another program encrypted',
    make: async (home) => writeFileSync(join(home.path, 'secrets.age'), await sealed(word, await createReader())),
    args: () => ['secret', 'unset', 'CANARY_0'],
    status: 1,
  },
  {
    name: 'a key file that is a text of values',
    make: (home) => writeFileSync(join(home.path, 'identity.txt'), CANARIES.map((one) => one.value).join('\n')),
    args: () => ['secret', 'set', 'NEW', '--for', 'docs', '--from-env', 'HOME'],
    status: 2,
  },
  {
    name: 'an import of a text of values',
    make: (_, file) => writeFileSync(file, JSON.stringify({ schemaVersion: 1, secrets: SECRETS })),
    args: (file) => ['secret', 'import', file],
    status: 1,
  },
  {
    name: 'an import of what is no store',
    make: async (home, file) => {
      const reader = await createReader();
      writeFileSync(join(home.folder, 'key.txt'), reader.identity, { mode: 0o600 });
      writeFileSync(file, await sealed(JSON.stringify({ schemaVersion: 1, secrets: SECRETS }), reader));
    },
    args: (file) => ['secret', 'import', file, '--identity', join(file, '..', 'key.txt')],
    status: 1,
  },
  {
    name: 'a key for an import that is a value',
    make: (home, file) => {
      writeFileSync(join(home.folder, 'key.txt'), word, { mode: 0o600 });
      writeFileSync(file, 'age-encryption.org/v1\n');
    },
    args: (file) => ['secret', 'import', file, '--identity', join(file, '..', 'key.txt')],
    status: 1,
  },
  {
    name: 'an export to a value',
    make: () => {},
    args: () => ['secret', 'export', '--to-age', word],
    status: 2,
  },
  {
    name: 'a wrong passphrase',
    make: async (home) => {
      const env = { ...home.env, PLUGBOARD_SECRETS_PASSPHRASE: 'right' };
      await home.finish(['secret', 'list'], { env });
    },
    args: () => ['secret', 'list'],
    env: { PLUGBOARD_SECRETS_PASSPHRASE: word },
    status: 3,
  },
];

test.each(FAILING)(
  '$name: what goes wrong is said, in text and in JSON, and no value with it',
  async (failing) => {
    const home = createHome();
    home.configure({}, { secrets_store: 'file' });
    await home.finish(['secret', 'set', 'CANARY_0', '--for', 'docs', '--from-env', 'GIVEN'], {
      env: { ...home.env, GIVEN: word },
    });
    const file = join(home.folder, 'file');
    await failing.make(home, file);
    const env = { ...home.env, ...failing.env };
    for (const json of [[], ['--json']]) {
      const done = await home.finish([...failing.args(file), ...json], { env });
      expect({ status: done.status, said: done.stderr !== '' }).toEqual({ status: failing.status, said: true });
      expect(leaks([[failing.name, done.stdout + done.stderr]])).toEqual([]);
    }
  },
  60_000,
);
