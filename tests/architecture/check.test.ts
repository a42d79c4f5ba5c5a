import { describe, expect, test } from 'vitest';
import { checkFile, checkTable, checkTree } from './check.ts';

/** Rule and line of each violation, as `rule:line`. */
const flags = (path: string, text: string): string[] =>
  checkFile(path, text).map(({ rule, line }) => `${rule}:${line}`);

describe('a planted violation is seen', () => {
  test.each([
    { name: 'a file that does not parse', path: 'config/a.ts', text: 'const = 1;', want: ['syntax:0'] },
    {
      name: 'a room that is not in the table',
      path: 'helpers/a.ts',
      text: 'export const a = 1;',
      want: ['unknown-room:0'],
    },
    // imports
    {
      name: 'an import from a room below',
      path: 'config/a.ts',
      text: "import { x } from '../servers/index.ts';",
      want: ['one-way:1'],
    },
    {
      name: 'the kernel importing any room',
      path: 'kernel/a.ts',
      text: "import { x } from '../config/index.ts';",
      want: ['one-way:1'],
    },
    {
      name: 'a surface importing another surface',
      path: 'api/a.ts',
      text: "import { x } from '../gateway/index.ts';",
      want: ['one-way:1'],
    },
    {
      name: 'a type-only import from a room below',
      path: 'config/a.ts',
      text: "import type { X } from '../servers/index.ts';",
      want: ['one-way:1'],
    },
    {
      name: 'an inline type import from a room below',
      path: 'config/a.ts',
      text: "type X = import('../servers/index.ts').X;",
      want: ['one-way:1'],
    },
    {
      name: 'a dynamic import from a room below',
      path: 'config/a.ts',
      text: "const x = await import('../servers/index.ts');",
      want: ['one-way:1'],
    },
    {
      name: 'a re-export from a room below',
      path: 'config/a.ts',
      text: "export { x } from '../servers/index.ts';",
      want: ['one-way:1'],
    },
    {
      name: 'the library door being imported',
      path: 'cli/node/a.ts',
      text: "import { x } from '../../index.ts';",
      want: ['one-way:1'],
    },
    {
      name: 'a side entrance to an allowed room',
      path: 'servers/a.ts',
      text: "import { x } from '../config/types.ts';",
      want: ['door:1'],
    },
    {
      name: 'a side entrance to the kernel',
      path: 'servers/a.ts',
      text: "import { x } from '../kernel/text.ts';",
      want: ['door:1'],
    },
    {
      name: 'a side entrance behind an effect door',
      path: 'host/node/a.ts',
      text: "import { x } from '../../config/node/read.ts';",
      want: ['door:1'],
    },
    {
      name: 'an effect door opened by a room that may not',
      path: 'upstreams/node/a.ts',
      text: "import { x } from '../../executors/node/index.ts';",
      want: ['effect-door:1'],
    },
    {
      name: 'the effect door of the kernel opened by a room',
      path: 'storage/node/a.ts',
      text: "import { x } from '../../kernel/node/index.ts';",
      want: ['effect-door:1'],
    },
    {
      name: 'more of an effect door than its tools',
      path: 'config/node/a.ts',
      text: "import { environment, replaceFile } from '../../kernel/node/index.ts';\nimport '../../kernel/node/index.ts';\nimport * as k from '../../kernel/node/index.ts';",
      want: ['effect-door:1', 'effect-door:2', 'effect-door:3'],
    },
    {
      name: 'a tool taken by a pure file',
      path: 'config/a.ts',
      text: "import { replaceFile } from '../kernel/node/index.ts';",
      want: ['effect-door:1'],
    },
    {
      name: 'an effect door opened by a pure file of the host',
      path: 'host/a.ts',
      text: "import { x } from '../config/node/index.ts';",
      want: ['effect-door:1'],
    },
    {
      name: 'a pure file importing its own effects',
      path: 'config/a.ts',
      text: "import { x } from './node/read.ts';",
      want: ['pure:1'],
    },
    {
      name: 'a pure file in a folder importing effects',
      path: 'config/keys/a.ts',
      text: "import { x } from '../node/read.ts';",
      want: ['pure:1'],
    },
    {
      name: 'a relative import without .ts',
      path: 'config/a.ts',
      text: "import { x } from './b';\nimport { y } from './c.js';",
      want: ['extension:1', 'extension:2'],
    },
    {
      name: 'an import from outside src',
      path: 'config/a.ts',
      text: "import { x } from '../../tests/support/x.ts';",
      want: ['outside-src:1'],
    },
    {
      name: 'a computed import',
      path: 'cli/node/a.ts',
      text: 'const x = await import(`./${name}.ts`);',
      want: ['computed-import:1'],
    },
    {
      name: 'a star in a door',
      path: 'config/index.ts',
      text: "/** config */\nexport * from './a.ts';",
      want: ['export-star:2'],
    },
    {
      name: 'a door without a header',
      path: 'config/node/index.ts',
      text: "export { a } from './a.ts';",
      want: ['no-door:1'],
    },
    // packages and built-in modules
    {
      name: 'a package that is not in the table',
      path: 'cli/node/a.ts',
      text: "import _ from 'lodash/fp';",
      want: ['package-place:1'],
    },
    {
      name: 'a package outside its rooms',
      path: 'host/a.ts',
      text: "import { parse } from 'smol-toml';",
      want: ['package-place:1'],
    },
    {
      name: 'the MCP SDK outside its rooms',
      path: 'exchanges/a.ts',
      text: "import { X } from '@modelcontextprotocol/client/stdio';",
      want: ['package-place:1'],
    },
    {
      name: 'a package with effects in a pure file',
      path: 'upstreams/a.ts',
      text: "import type { X } from '@modelcontextprotocol/client';",
      want: ['pure:1'],
    },
    {
      name: 'child processes outside executors',
      path: 'upstreams/node/a.ts',
      text: "import { spawn } from 'node:child_process';",
      want: ['builtin-place:1'],
    },
    {
      name: 'the database outside storage',
      path: 'host/node/a.ts',
      text: "import { DatabaseSync } from 'node:sqlite';",
      want: ['builtin-place:1'],
    },
    {
      name: 'a built-in module without its prefix',
      path: 'config/node/a.ts',
      text: "import fs from 'fs';",
      want: ['builtin-place:1'],
    },
    {
      name: 'I/O in a pure file',
      path: 'config/a.ts',
      text: "import { readFileSync } from 'node:fs';\nimport 'node:http';\nimport net from 'node:net';",
      want: ['pure:1', 'pure:2', 'pure:3'],
    },
    {
      name: 'a stream made in a pure file',
      path: 'config/a.ts',
      text: "import { Readable } from 'node:stream';\nimport type { Server } from 'node:net';",
      want: ['pure:1', 'pure:2'],
    },
    {
      name: 'chance imported into a pure file',
      path: 'tools/a.ts',
      text: "import { createHash, randomUUID } from 'node:crypto';",
      want: ['pure:1'],
    },
    {
      name: 'all of node:crypto in a pure file',
      path: 'tools/a.ts',
      text: "import * as c from 'node:crypto';",
      want: ['pure:1'],
    },
    {
      name: 'timers by import in a pure file',
      path: 'tools/a.ts',
      text: "import { setTimeout as sleep } from 'node:timers/promises';",
      want: ['pure:1'],
    },
    // globals
    {
      name: 'timers in a pure file',
      path: 'host/a.ts',
      text: 'setTimeout(f, 1);\nsetInterval(f, 1);\nconst s = setImmediate;',
      want: ['pure:1', 'pure:2', 'pure:3'],
    },
    { name: 'a timer by way of globalThis', path: 'host/a.ts', text: 'globalThis.setTimeout(f, 1);', want: ['pure:1'] },
    {
      name: 'the clock in a pure file',
      path: 'status/a.ts',
      text: 'Date.now();\nnew Date();\nDate();\nperformance.now();\nconst { now } = Date;\nf(Date);',
      want: ['pure:1', 'pure:2', 'pure:3', 'pure:4', 'pure:5', 'pure:6'],
    },
    {
      name: 'the clock by a computed name',
      path: 'status/a.ts',
      text: "Date['now']();\nDate[`now`]();\nDate[k]();",
      want: ['pure:1', 'pure:2', 'pure:3'],
    },
    { name: 'a deadline in a pure file', path: 'status/a.ts', text: 'AbortSignal.timeout(5);', want: ['pure:1'] },
    {
      name: 'chance in a pure file',
      path: 'tools/a.ts',
      text: 'Math.random();\nx.randomUUID();\nconst { random } = Math;\nx.randomBytes(4);',
      want: ['pure:1', 'pure:2', 'pure:3', 'pure:4'],
    },
    {
      name: 'the network in a pure file',
      path: 'tools/a.ts',
      text: "await fetch('http://127.0.0.1');",
      want: ['pure:1'],
    },
    { name: 'process in a pure file', path: 'cli/a.ts', text: 'process.platform;', want: ['pure:1'] },
    {
      name: 'env, argv and exit outside their places',
      path: 'host/node/a.ts',
      text: "import process from 'node:process';\nprocess.env.X;\nprocess.argv;\nprocess.exit(1);\nprocess['env'];\nprocess[k];\nconst { env } = process;",
      want: ['process:2', 'process:3', 'process:4', 'process:5', 'process:6', 'process:7'],
    },
    {
      name: 'env by its own import',
      path: 'host/node/a.ts',
      text: "import { env, pid } from 'node:process';",
      want: ['process:1'],
    },
    {
      name: 'process under another name',
      path: 'host/node/a.ts',
      text: "import * as p from 'node:process';",
      want: ['process:1'],
    },
    {
      name: 'a revealed secret',
      path: 'host/node/a.ts',
      text: "s.reveal();\ns?.reveal();\ns['reveal']();\nconst { reveal } = s;",
      want: ['reveal:1', 'reveal:2', 'reveal:3', 'reveal:4'],
    },
    { name: 'a secret revealed in the kernel', path: 'kernel/a.ts', text: 's.reveal();', want: ['reveal:1'] },
    { name: 'a secret revealed on the pure side', path: 'upstreams/a.ts', text: 's.reveal();', want: ['reveal:1'] },
    {
      name: 'console outside cli',
      path: 'host/node/a.ts',
      text: 'console.error(1);\nconst { log } = console;',
      want: ['console:1', 'console:2'],
    },
  ])('$name', ({ path, text, want }) => expect(flags(path, text)).toEqual(want));
});

describe('what is allowed passes', () => {
  test.each([
    {
      name: 'a room above, by its door',
      path: 'servers/a.ts',
      text: "import type { Config } from '../config/index.ts';",
    },
    {
      name: 'the kernel, from everywhere',
      path: 'storage/node/a.ts',
      text: "import { AppError } from '../../kernel/index.ts';",
    },
    {
      name: 'neighbours in one room',
      path: 'config/node/a.ts',
      text: "import { x } from '../keys.ts';\nimport { y } from './b.ts';",
    },
    {
      name: 'effect doors opened by the wiring',
      path: 'host/node/a.ts',
      text: "import { x } from '../../config/node/index.ts';",
    },
    {
      name: 'a tool of the kernel on the effect side of a room',
      path: 'config/node/a.ts',
      text: "import { replaceFile } from '../../kernel/node/index.ts';",
    },
    {
      name: 'surfaces started by cli',
      path: 'cli/node/start.ts',
      text: "const x = await import('../../gateway/node/index.ts');",
    },
    {
      name: 'surfaces started by the library door',
      path: 'index.ts',
      text: "/** plugboard */\nexport { x } from './host/node/index.ts';",
    },
    {
      name: 'pure parts of built-in modules',
      path: 'tools/a.ts',
      text: "import { createHash } from 'node:crypto';\nimport { join } from 'node:path';\nimport { fileURLToPath } from 'node:url';",
    },
    { name: 'stream types in a port', path: 'executors/a.ts', text: "import type { Readable } from 'node:stream';" },
    {
      name: 'computing with dates',
      path: 'status/a.ts',
      text: 'new Date(ms).toISOString();\nDate.parse(s);\nDate.UTC(2026, 1);\nx instanceof Date;',
    },
    {
      name: 'computing with numbers and signals',
      path: 'status/a.ts',
      text: 'Math.max(1, 2);\nAbortSignal.any([a]);\nnew AbortController();',
    },
    {
      name: 'names that only look like effects',
      path: 'status/a.ts',
      text: 'clock.setTimeout(f);\nconst o = { process: 1, fetch: 2 };\no.process;\ntype T = typeof setTimeout;\ntype F = (fetch: string) => Date;',
    },
    {
      name: 'timers and clocks on the effect side',
      path: 'kernel/node/a.ts',
      text: 'setTimeout(f, 1);\nDate.now();\nMath.random();\nprocess.env.X;',
    },
    {
      name: 'process on the effect side',
      path: 'host/node/a.ts',
      text: "import process from 'node:process';\nprocess.pid;\nprocess.stdout.write('x');\nprocess.on('SIGTERM', f);",
    },
    { name: 'secrets in the redactor', path: 'kernel/redactor.ts', text: 's.reveal();' },
    { name: 'secrets at the edge', path: 'upstreams/node/a.ts', text: 's.reveal();' },
    { name: 'console in cli', path: 'cli/render.ts', text: 'console.log(1);' },
    {
      name: 'packages in their rooms',
      path: 'upstreams/node/a.ts',
      text: "import { fetch as send } from 'undici';\nimport { X } from '@modelcontextprotocol/client';",
    },
    {
      name: 'child processes in executors',
      path: 'executors/node/a.ts',
      text: "import { spawn } from 'node:child_process';",
    },
  ])('$name', ({ path, text }) => expect(checkFile(path, text)).toEqual([]));
});

describe('the tree as a whole', () => {
  test('a room and an effect side need a door, the command line does not', () => {
    expect(checkTree(['config/a.ts', 'config/node/b.ts', 'servers/index.ts', 'cli/node/start.ts', 'cli/a.ts'])).toEqual(
      [
        { path: 'config', line: 0, rule: 'no-door', message: 'config/ has no index.ts' },
        { path: 'config/node', line: 0, rule: 'no-door', message: 'config/node/ has no index.ts' },
      ],
    );
  });

  test('nothing but index.ts stands outside a room', () => {
    expect(checkTree(['index.ts', 'helpers.ts']).map(({ path, rule }) => [path, rule])).toEqual([
      ['helpers.ts', 'unknown-room'],
    ]);
  });

  test('a table with a two-way street is seen', () => {
    expect(checkTable({ kernel: [], a: ['b'], b: ['a'] })).toEqual(['a names b, which is not above it']);
    expect(checkTable({ kernel: [], a: ['a'] })).toEqual(['a names a, which is not above it']);
    expect(checkTable({ kernel: [], a: ['gone'] })).toEqual(['a names gone, which is not above it']);
    expect(checkTable({ kernel: [], a: [], b: ['a'] })).toEqual([]);
  });
});
