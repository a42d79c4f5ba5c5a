import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, test } from 'vitest';
import { AppError } from '../../../src/kernel/index.ts';
import { openStore } from '../../../src/storage/node/index.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'plugboard-store-'));
  folders.push(folder);
  return join(folder, 'plugboard.db');
}

const facts = { user: null, team: null, workspace: null, human: false, createdAt: 1 };

function codeOf(run: () => unknown): string {
  try {
    run();
    return 'no error';
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
}

test('a token is found by itself, listed by name, and gone once revoked', () => {
  const store = openStore(newFile());
  const token = store.tokens.create({ ...facts, name: 'cursor', team: 'blue', human: true });
  const other = store.tokens.create({ ...facts, name: 'codex' });
  expect(token).toMatch(/^pb_[\w-]{43}$/);
  expect(other).not.toBe(token);
  expect(store.tokens.find(token)).toEqual({ ...facts, name: 'cursor', team: 'blue', human: true });
  expect(store.tokens.find(`${token}x`)).toBeNull();
  expect(store.tokens.list().map(({ name }) => name)).toEqual(['codex', 'cursor']);
  expect(codeOf(() => store.tokens.create({ ...facts, name: 'cursor' }))).toBe('TOKEN_EXISTS');
  expect([store.tokens.revoke('cursor'), store.tokens.revoke('cursor')]).toEqual([true, false]);
  expect(store.tokens.find(token)).toBeNull();
  store.close();
});

test('no file of the home holds a token, and nobody else may read the database', () => {
  const file = newFile();
  const store = openStore(file);
  const token = store.tokens.create({ ...facts, name: 'local' });
  const folder = join(file, '..');
  for (const name of readdirSync(folder)) expect(readFileSync(join(folder, name)).includes(token)).toBe(false);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  store.close();
});

test('two processes on one database see what the other wrote', () => {
  const file = newFile();
  const [one, two] = [openStore(file), openStore(file)];
  const token = one.tokens.create({ ...facts, name: 'a' });
  expect(two.tokens.find(token)?.name).toBe('a');
  two.tokens.revoke('a');
  expect(one.tokens.find(token)).toBeNull();
  one.close();
  two.close();
});

test('what was learned of a server is kept over runs, the last word counts', () => {
  const file = newFile();
  const first = openStore(file);
  first.facts.set({ serverKey: 'k', fact: 'transport', value: 'sse', learnedAt: 1 });
  first.facts.set({ serverKey: 'k', fact: 'transport', value: 'streamable', learnedAt: 2 });
  first.close();
  const second = openStore(file);
  expect(second.facts.get('k', 'transport')).toBe('streamable');
  expect(second.facts.get('k', 'other')).toBeNull();
  expect(second.facts.get('other', 'transport')).toBeNull();
  second.close();
});

test('a fact that cannot be written is no error', () => {
  const file = newFile();
  const store = openStore(file);
  const db = new DatabaseSync(file);
  db.exec("CREATE TRIGGER full BEFORE INSERT ON server_fact BEGIN SELECT RAISE(ABORT, 'disk full'); END");
  db.close();
  store.facts.set({ serverKey: 'k', fact: 'f', value: 'v', learnedAt: 1 });
  expect(store.facts.get('k', 'f')).toBeNull();
  store.close();
});

test('a database that is none is a coded error that names the file', () => {
  const file = newFile();
  writeFileSync(file, 'this is no database, and long enough to be looked at '.repeat(20));
  expect(codeOf(() => openStore(file))).toBe('DATABASE');
  expect(codeOf(() => openStore(join(file, 'below')))).toBe('DATABASE');
});

test('a database that cannot be written is a coded error', () => {
  const file = newFile();
  const store = openStore(file);
  const db = new DatabaseSync(file);
  db.exec("CREATE TRIGGER full BEFORE INSERT ON token BEGIN SELECT RAISE(ABORT, 'disk full'); END");
  db.close();
  expect(codeOf(() => store.tokens.create({ ...facts, name: 'a' }))).toBe('DATABASE');
  expect(store.tokens.list()).toEqual([]);
  store.close();
});

test('a database of a later version is left alone', () => {
  const file = newFile();
  openStore(file).close();
  const db = new DatabaseSync(file);
  db.exec('PRAGMA user_version = 99; CREATE TABLE of_the_future (x)');
  db.close();
  const store = openStore(file);
  expect(store.tokens.list()).toEqual([]);
  store.close();
  const after = new DatabaseSync(file);
  expect(after.prepare('PRAGMA user_version').get()).toEqual({ user_version: 99 });
  after.close();
});
