#!/usr/bin/env node
// The only file that must run under any Node: it says what is needed, or starts the built program.
import { existsSync } from 'node:fs';
import module from 'node:module';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  // In a clone, npm has put the right Node into the project.
  const clone = fileURLToPath(new URL('..', import.meta.url));
  const way = existsSync(new URL('../node_modules/node/bin/node', import.meta.url))
    ? `in ${clone} run: npx node bin/plugboard.js`
    : 'run: npx -p node@24 -p plugboard plugboard';
  process.stderr.write(
    `plugboard needs Node.js 24 or newer, and this is ${process.versions.node}. Get it from https://nodejs.org, or ${way}\n`,
  );
  process.exit(2);
}

// A host relays many short-lived messages. With a small young generation it needs half the memory and has steadier
// latencies; V8 takes that only as a start flag, so the process replaces itself once.
const SMALL_YOUNG_GENERATION = '--max-semi-space-size=4';
const words = process.argv.slice(2);
const isHost = words.includes('serve') || (words.includes('stdio') && words.includes('--standalone'));
if (isHost && process.platform !== 'win32' && !process.execArgv.includes(SMALL_YOUNG_GENERATION)) {
  const args = [process.execPath, SMALL_YOUNG_GENERATION, ...process.execArgv, ...process.argv.slice(1)];
  process.execve?.(process.execPath, args, process.env);
}

module.enableCompileCache?.();
const { start } = await import('../dist/cli/node/start.js');
await start(words);
