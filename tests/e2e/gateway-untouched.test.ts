import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../src/kernel/index.ts';
import type { Agent, HttpAgent, StdioAgent } from '../support/agent.ts';
import { eventually } from '../support/eventually.ts';
import { FRONTS, type Front, fixtureServer, type Gateway, startGateway } from '../support/gateway.ts';
import { httpRequest } from '../support/http-request.ts';
import { proves } from './support/proves.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({
    config: [
      fixtureServer('m', 'mirror'),
      fixtureServer('side', 'mirror', { lines: ['supports_parallel_tool_calls = true'] }),
      fixtureServer('echo', 'echo', { lines: ['supports_parallel_tool_calls = true'] }),
    ].join('\n'),
  });
});
afterAll(() => gateway.close());

/** Every front, on all servers and on the one alone; `at` names a tool there. */
const VIEWS = FRONTS.flatMap((front) => [
  { front, view: 'all servers', server: undefined, at: (tool: string) => `m__${tool}` },
  { front, view: 'one server', server: 'm', at: (tool: string) => tool },
]);

function open({ front, server }: { front: Front; server: string | undefined }, options = {}) {
  return gateway.on(front, { ...options, ...(server === undefined ? {} : { server }) });
}

/** The answer to a call as text. `instead` is put where the params have "@". */
async function answerTo(agent: Agent, params: JsonObject, instead = ''): Promise<string> {
  const text = JSON.stringify({ jsonrpc: '2.0', id: 'raw', method: 'tools/call', params }).replace('"@"', instead);
  if ('lines' in agent) {
    const { lines, writeLine } = agent as StdioAgent;
    const before = lines.length;
    writeLine(text);
    return eventually(() => {
      const found = lines.slice(before).find((one) => one.includes('"raw"'));
      if (found === undefined) throw new Error('no answer yet');
      return found;
    });
  }
  const { headers, endpoint } = agent as HttpAgent;
  return (await httpRequest(endpoint, { method: 'POST', headers: headers(), body: text })).text();
}

const ODD: Readonly<Record<string, JsonObject>> = {
  'structured content and _meta': {
    content: [
      { type: 'text', text: 'x', annotations: { audience: ['user'], priority: 0.5, new: 1 }, _meta: { a: null } },
    ],
    structuredContent: { b: [1, -0.5, 1e21, null, true], a: { deep: [{}] } },
    isError: false,
    _meta: { 'example.com/x': { z: 1, a: 2 }, traceparent: '00-1-2-00' },
  },
  'an unknown content type': {
    content: [
      { type: 'hologram', data: [0, ''], more: { x: null } },
      { type: 'text', text: '' },
    ],
    future: 'kept',
  },
  'a result that is no tool result at all': { resultType: 'task', task: { taskId: '1' }, content: null },
  'texts that are hard to carry': {
    content: [{ type: 'text', text: '\u2028\u2029\u0000\ud83d\ude00 ü "\\\n\r\t</script>' }],
    '': 'empty key',
    constructor: 1,
    '0': 'a key that is a number',
  },
};

describe.each(VIEWS)('over $front, $view', (where) => {
  const { at } = where;

  test.each(Object.entries(ODD))(`${proves('gateway.untouched')}: %s`, async (_name, result) => {
    const agent = await open(where);
    const got = await agent.result('tools/call', { name: at('give'), arguments: { result } });
    expect(JSON.stringify(got)).toBe(JSON.stringify(result));
    await agent.close();
  });

  test(`${proves('gateway.untouched')}: what goes to the server`, async () => {
    const agent = await open(where);
    const params = {
      _meta: { 'example.com/z': [null], progressToken: 'p', a: { b: '\u2028' } },
      arguments: { any: { deep: [[], {}, null, ''] }, undeclared: 0 },
      future: { x: 1 },
    };
    const seen = JSON.parse(
      String(
        ((await agent.result('tools/call', { name: at('mirror'), ...params }))['content'] as JsonObject[])[0]?.['text'],
      ),
    ) as JsonObject;
    expect(seen).toEqual({ name: 'mirror', ...params, _meta: { ...params._meta, progressToken: expect.any(Number) } });
    await agent.close();
  });

  test(`${proves('gateway.untouched')}: a raw result, an own error, an entry of the list`, async () => {
    const agent = await open(where);
    const json = '{"content":[],"__proto__":{"polluted":true},"n":0.1,"e":"\\u00fc"}';
    const got = await agent.result('tools/call', { name: at('give_raw'), arguments: { json } });
    expect(JSON.stringify(got)).toBe('{"content":[],"__proto__":{"polluted":true},"n":0.1,"e":"ü"}');
    // Numbers that JavaScript would round stay as they are, in both directions.
    const numbers =
      '{"content":[],"id":1234567890123456789,"max":18446744073709551615,"x":0.12345678901234567891,"y":-1e400,"z":1}';
    expect(await answerTo(agent, { name: at('give_raw'), arguments: { json: numbers } })).toContain(numbers);
    const args = '{"any":[9223372036854775807,-9223372036854775808,12345678901234567.5]}';
    await answerTo(agent, { name: at('mirror'), arguments: '@' }, args);
    expect(await agent.call(at('read_recent'))).toContain(`"arguments":${args}`);
    const error = { code: -32042, message: 'sign in', data: { elicitations: [{ mode: 'url', x: null }] } };
    const refused = await agent.ask('tools/call', { name: at('refuse'), arguments: { error } });
    expect(refused).toEqual({ kind: 'error', error });
    const listed = (await agent.result('tools/list'))['tools'] as readonly JsonObject[];
    expect(listed.find(({ name }) => name === at('mirror'))).toEqual({
      name: at('mirror'),
      description: 'Gives back the params of its call as JSON.',
      inputSchema: { type: 'object', properties: { any: {} } },
      title: 'Mirror',
      icons: [{ src: 'data:image/png;base64,AA==', sizes: ['48x48'] }],
      _meta: { 'example.com/odd': [1, null, { deep: 'ü' }] },
      futureField: { nested: [true, 0.5] },
    });
    await agent.close();
  });
});

describe.each(FRONTS)('over %s', (front) => {
  test(`${proves('gateway.untouched')}: results and arguments of 5 MB`, async () => {
    const agent = await gateway.on(front);
    const bytes = 5 * 1024 * 1024;
    expect(await agent.call('echo__big', { bytes })).toHaveLength(bytes);
    const text = 'ü'.repeat(bytes / 2);
    expect((await agent.call('echo__echo', { text })) === text).toBe(true);
    await agent.close();
  });

  test(`${proves('gateway.untouched')}: what is nested beyond measure is an error of that call, and harms nobody`, async () => {
    const agent = await gateway.on(front, { capabilities: { elicitation: {} } });
    const text = '['.repeat(100) + ']'.repeat(100);
    expect(await agent.result('tools/call', { name: 'm__deep', arguments: { levels: 100, kind: 'result' } })).toEqual({
      content: [],
      x: JSON.parse(text) as JsonValue,
    });
    for (const levels of [10_000, 500_000]) {
      const deep = (kind: string) => ({ name: 'm__deep', arguments: { levels, kind } });
      expect(await agent.ask('tools/call', deep('result'))).toMatchObject({
        error: { data: { code: 'UPSTREAM_PROTOCOL' }, message: expect.stringContaining('nested') },
      });
      expect(await agent.result('tools/call', deep('notification'))).toMatchObject({ content: [{ text: 'told' }] });
      expect((await agent.next('notifications/message')).params).toMatchObject({ level: 'error', logger: 'plugboard' });
      expect(await agent.call('m__deep', { levels, kind: 'question' })).toContain('MESSAGE_INVALID');
    }
    expect(await agent.call('m__mirror')).toContain('mirror');
    await agent.close();
  });
});

test(`${proves('gateway.untouched')}: arguments that are nested beyond measure are refused by name`, async () => {
  const agent = await gateway.stdio();
  const deep = '['.repeat(500_000) + ']'.repeat(500_000);
  agent.writeLine(
    `{"jsonrpc":"2.0","id":"deep","method":"tools/call","params":{"name":"m__mirror","arguments":{"any":${deep}}}}`,
  );
  await eventually(() =>
    expect(agent.received).toMatchObject([
      { id: 'deep', error: { code: -32602, message: expect.stringContaining('nested') } },
    ]),
  );
  expect(await agent.call('m__mirror')).toContain('mirror');
  await agent.close();
});
