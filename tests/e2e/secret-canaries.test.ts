import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createReader } from '../support/age.ts';
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
  const [{ word } = { word: '' }] = CANARIES;
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
