/** Starts the server as an agent does, and talks to it. Run it with: node --test */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const server = spawn(process.execPath, [fileURLToPath(new URL('../server/main.mjs', import.meta.url))], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
after(() => server.kill());

const answers = new Map();
createInterface({ input: server.stdout }).on('line', (line) => {
  const message = JSON.parse(line);
  answers.get(message.id)?.(message);
});

let lastId = 0;

function request(method, params) {
  lastId += 1;
  const id = lastId;
  const answer = new Promise((resolve) => answers.set(id, resolve));
  server.stdin.write(JSON.stringify({ jsonrpc: '2.0', id, method, params }) + '\n');
  return answer;
}

test('it agrees on a version of the protocol', async () => {
  const clientInfo = { name: 'test', version: '0' };
  const { result } = await request('initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo });
  assert.equal(result.protocolVersion, '2025-06-18');
  assert.deepEqual(result.capabilities, { tools: {} });
});

test('it lists its tools', async () => {
  const { result } = await request('tools/list');
  assert.deepEqual(
    result.tools.map((tool) => tool.name),
    ['count_words'],
  );
});

test('it counts', async () => {
  const { result } = await request('tools/call', { name: 'count_words', arguments: { text: 'one two\nthree' } });
  assert.deepEqual(result.structuredContent, { words: 3, lines: 2, characters: 13 });
});

test('what a tool refuses is said to the agent', async () => {
  const { result } = await request('tools/call', { name: 'count_words', arguments: {} });
  assert.equal(result.isError, true);
  assert.equal(result.content[0].text, '"text" must be a string');
});

test('a tool or method that is not there is an error', async () => {
  assert.equal((await request('tools/call', { name: 'no_such_tool' })).error.code, -32602);
  assert.equal((await request('no/such/method')).error.code, -32601);
});
