#!/usr/bin/env node
// The only file that must run under any Node: it says what is needed, or starts the built program.
import process from 'node:process';

const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write(
    `plugboard needs Node.js 24 or newer, and this is ${process.versions.node}. Get it from https://nodejs.org, or run: npx -p node@24 -p plugboard plugboard\n`,
  );
  process.exit(2);
}
const { start } = await import('../dist/cli/node/start.js');
await start(process.argv.slice(2));
