import { expect, test } from 'vitest';
import { Questions } from '../../../src/gateway/questions.ts';
import type { JsonObject, RpcMessage, RpcNotification, RpcRequest } from '../../../src/kernel/index.ts';

function ask(questions: Questions, params?: JsonObject) {
  const sent: RpcMessage[] = [];
  const progress: JsonObject[] = [];
  const abort = new AbortController();
  const outcome = questions.ask(
    {
      method: 'sampling/createMessage',
      params,
      related: null,
      signal: abort.signal,
      onProgress: (told) => progress.push(told),
    },
    (message) => sent.push(message),
  );
  outcome.catch(() => {});
  return { sent, progress, abort, outcome, id: (sent[0] as RpcRequest | undefined)?.id ?? 0 };
}

const told = (progressToken: unknown, value: number): RpcNotification => ({
  jsonrpc: '2.0',
  method: 'notifications/progress',
  params: { progressToken: progressToken as number, progress: value },
});

test('questions have ids of their own, and each answer goes to its question', async () => {
  const questions = new Questions();
  const [one, two] = [ask(questions, { a: 1 }), ask(questions)];
  expect(one.sent).toEqual([{ jsonrpc: '2.0', id: one.id, method: 'sampling/createMessage', params: { a: 1 } }]);
  expect(two.sent).toEqual([{ jsonrpc: '2.0', id: two.id, method: 'sampling/createMessage' }]);
  expect(one.id).not.toBe(two.id);
  expect(questions.answer({ jsonrpc: '2.0', id: two.id, error: { code: 1, message: 'no' } })).toBe(true);
  expect(questions.answer({ jsonrpc: '2.0', id: one.id, result: { b: null } })).toBe(true);
  expect(await Promise.all([one.outcome, two.outcome])).toEqual([
    { kind: 'result', result: { b: null } },
    { kind: 'error', error: { code: 1, message: 'no' } },
  ]);
});

test.each([{ id: 99 }, { id: '1' }, { id: null }])('an answer with the id $id answers nothing', ({ id }) => {
  const questions = new Questions();
  ask(questions);
  expect(questions.answer({ jsonrpc: '2.0', id: id as number, result: {} })).toBe(false);
});

test('a second answer to the same question answers nothing', async () => {
  const questions = new Questions();
  const { id, outcome } = ask(questions);
  expect([
    questions.answer({ jsonrpc: '2.0', id, result: 1 }),
    questions.answer({ jsonrpc: '2.0', id, result: 2 }),
  ]).toEqual([true, false]);
  expect(await outcome).toEqual({ kind: 'result', result: 1 });
});

test.each([0, '', 'own', 7])('the progress token %j of the server is put back', (token) => {
  const questions = new Questions();
  const { sent, id, progress } = ask(questions, { _meta: { progressToken: token, x: 1 } });
  expect((sent[0] as RpcRequest).params).toEqual({ _meta: { progressToken: id, x: 1 } });
  questions.progress(told(id, 0.5));
  questions.progress(told('other', 0.6));
  expect(progress).toEqual([{ progressToken: token, progress: 0.5 }]);
});

test('progress on a question without a token reaches nobody', () => {
  const questions = new Questions();
  const { id, progress } = ask(questions, { _meta: {} });
  questions.progress(told(id, 0.5));
  expect(progress).toEqual([]);
});

test('a question that is taken back is cancelled at the agent, once, and its answer comes too late', async () => {
  const questions = new Questions();
  const { sent, id, abort, outcome } = ask(questions);
  abort.abort('not needed');
  await expect(outcome).rejects.toMatchObject({ code: 'CALL_CANCELLED' });
  expect(sent.slice(1)).toEqual([
    { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id, reason: 'not needed' } },
  ]);
  expect(questions.answer({ jsonrpc: '2.0', id, result: {} })).toBe(false);
});

test('when the agent leaves every question fails, and nothing more is sent', async () => {
  const questions = new Questions();
  const open = [ask(questions), ask(questions)];
  questions.close();
  for (const { outcome, abort, sent } of open) {
    await expect(outcome).rejects.toMatchObject({ code: 'CLIENT_CANNOT' });
    abort.abort('too late');
    expect(sent).toHaveLength(1);
  }
});
