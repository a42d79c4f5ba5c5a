import { tmpdir } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import type { Executor } from '../../../src/executors/index.ts';
import { createLocalExecutor } from '../../../src/executors/node/index.ts';
import { Secret, silentLog } from '../../../src/kernel/index.ts';
import type { HeaderValues } from '../../../src/upstreams/http-headers.ts';
import { runHeadersHelper } from '../../../src/upstreams/node/http-headers-helper.ts';
import { TransportEnded } from '../../../src/upstreams/transport.ts';
import { connect, echo } from '../../support/http-fixtures/client.ts';
import { useFixtures } from '../../support/http-fixtures/fixtures.ts';
import { events, mcp, status } from '../../support/http-fixtures/mcp.ts';
import type { Answer } from '../../support/http-fixtures/serve.ts';

const { serve } = useFixtures();
const executor = createLocalExecutor({ log: silentLog });
afterAll(() => executor.close());

type RunResult = Awaited<ReturnType<Executor['runProgram']>>;

const CANARY = 'c4nary-9e2f';
const helper = (command: string): Parameters<typeof runHeadersHelper>[0] => ({
  command,
  cwd: tmpdir(),
  env: { PATH: '/usr/local/bin:/usr/bin:/bin', GREETING: 'hello' },
});

async function problemOf(run: Promise<unknown>): Promise<unknown> {
  const error = await run.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return error instanceof TransportEnded ? error.reason : error;
}

describe('http_headers_helper', () => {
  test('is a command line for the shell, and sees only the environment it is given', async () => {
    const headers = await runHeadersHelper(
      helper('printf \'{"x-a": "%s", "x-home": "%s"}\' "$GREETING" "$HOME" | cat'),
      executor.runProgram,
    );
    const values = Object.entries(headers).map(([name, value]) => [name, value instanceof Secret && value.reveal()]);
    expect(values).toEqual([
      ['x-a', 'hello'],
      ['x-home', ''],
    ]);
  });

  test.each([
    { name: 'an exit code', command: `echo '{"x-a":"${CANARY}"}'; exit 3`, problem: 'ended with exit code 3' },
    { name: 'a signal', command: 'kill -9 $$', problem: 'was ended by SIGKILL' },
    { name: 'garbage', command: `echo ${CANARY}`, problem: 'printed something that is not JSON' },
    { name: 'too much', command: 'head -c 70000 /dev/zero', problem: 'printed more than 64 KiB' },
    { name: 'a command that does not exist', command: 'no-such-helper-x', problem: 'ended with exit code 127' },
  ])('$name', async ({ command, problem }) => {
    const reason = await problemOf(runHeadersHelper(helper(command), executor.runProgram));
    expect(reason).toEqual({ kind: 'headers_helper', detail: `http_headers_helper ${problem}` });
  });

  const ran = {
    kind: 'ran',
    exit: { code: 0, signal: null },
    stdout: '',
    stderr: '',
    timedOut: false,
    tooLarge: false,
  };
  test.each<{ name: string; result: RunResult; problem: string }>([
    { name: 'too slow', result: { ...ran, timedOut: true } as RunResult, problem: 'did not end within 10 s' },
    {
      name: 'no folder',
      result: { kind: 'cwd_not_found', cwd: '/gone' },
      problem: 'its working folder does not exist: /gone',
    },
    {
      name: 'the system refuses',
      result: { kind: 'failed', code: 'EAGAIN' },
      problem: 'could not be started (EAGAIN)',
    },
  ])('$name', async ({ result, problem }) => {
    const asked: unknown[] = [];
    const run = runHeadersHelper(helper('x'), async (program, options) => {
      asked.push([program, options.timeoutMs, options.maxBytes]);
      return result;
    });
    expect(await problemOf(run)).toEqual({ kind: 'headers_helper', detail: `http_headers_helper ${problem}` });
    expect(asked).toEqual([['x', 10_000, 65_536]]);
  });

  test('a failing one is the reason why the transport does not start', async () => {
    const started = connect('http://127.0.0.1:1/mcp', {
      headers: () => runHeadersHelper(helper('exit 1'), executor.runProgram),
    });
    expect(await problemOf(started)).toEqual({
      kind: 'headers_helper',
      detail: 'http_headers_helper ended with exit code 1',
    });
  });
});

/** Lets only the one token in. */
function guarded(token: () => string, inside: Answer = mcp()): Answer {
  return (seen, response) =>
    seen.headers.authorization === `Bearer ${token()}` ? inside(seen, response) : status(401)(seen, response);
}

function bearer(token: string): HeaderValues {
  return { Authorization: new Secret('token', `Bearer ${token}`) };
}

describe('refused credentials', () => {
  test('make the headers be asked for again, and the message be sent once more', async () => {
    let token = 't1';
    let asked = 0;
    const { url } = await serve(guarded(() => token));
    const client = await connect(url, {
      headers: async () => {
        asked += 1;
        return bearer(token);
      },
    });
    await client.open();
    token = 't2';
    const names = ['1', '2', '3', '4'];
    expect(await Promise.all(names.map((a) => client.call({ a })))).toEqual(names.map((a) => echo({ a })));
    expect(asked).toBeLessThanOrEqual(1 + names.length);
    expect(await client.call({})).toEqual(echo({}));
  });

  test('that do not change are not tried again', async () => {
    const { url, methods } = await serve(guarded(() => 'other'));
    const client = await connect(url, { headers: async () => bearer('mine') });
    expect(await client.open()).toEqual({
      kind: 'auth',
      status: 401,
      detail: 'the server refused the credentials (HTTP 401)',
    });
    expect(methods()).toEqual(['initialize']);
  });

  test('that change and are refused again are tried twice, no more', async () => {
    let asked = 0;
    const { url, methods } = await serve(status(401));
    const client = await connect(url, {
      headers: async () => {
        asked += 1;
        return bearer(String(asked));
      },
    });
    expect(await client.open()).toMatchObject({ kind: 'auth', status: 401 });
    expect(methods()).toEqual(['initialize', 'initialize']);
  });

  test('whose helper fails then say so', async () => {
    let asked = 0;
    const { url } = await serve(status(401));
    const client = await connect(url, {
      headers: async () => {
        asked += 1;
        if (asked > 1) throw new TransportEnded({ kind: 'headers_helper', detail: 'x' });
        return bearer('1');
      },
    });
    expect(await client.open()).toEqual({ kind: 'headers_helper', detail: 'x' });
  });
});

describe('where credentials go', () => {
  test('a closing transport does not ask for them again', async () => {
    let asked = 0;
    const { url } = await serve(mcp({ session: () => 's1', on: { DELETE: status(401) } }));
    const client = await connect(url, {
      headers: async () => {
        asked += 1;
        return bearer(String(asked));
      },
    });
    await client.open();
    await client.transport.close();
    expect(asked).toBe(1);
  });

  test('not to another origin, by no redirect', async () => {
    const elsewhere = await serve(mcp());
    for (const code of [301, 302, 303, 307, 308]) {
      const { url } = await serve((seen, response) => status(code, { location: elsewhere.url })(seen, response));
      const client = await connect(url, { headers: async () => bearer(CANARY) });
      expect(await client.open()).toEqual({ kind: 'http_status', status: code });
      expect(client.odds.join()).toContain(elsewhere.url);
    }
    expect(elsewhere.seen).toEqual([]);
  });

  const ends: readonly { readonly name: string; readonly answer: Answer }[] = [
    { name: '401 that repeats it', answer: echoing(401) },
    { name: '403 that repeats it', answer: echoing(403) },
    { name: '500 that repeats it', answer: echoing(500) },
    { name: '200 of the wrong type', answer: echoing(200) },
    { name: 'a redirect that repeats it', answer: echoing(302) },
    {
      name: 'a stream of garbage',
      answer: (seen, response) => void events(response, `data: ${String(seen.headers.authorization)}\n\n`).end(),
    },
    { name: 'a broken connection', answer: (_seen, response) => void response.destroy() },
  ];

  test.each(ends)('into no reason, no oddity and no log: $name', async ({ answer }) => {
    const { url } = await serve(answer);
    const client = await connect(url, { headers: async () => bearer(CANARY) });
    const answered = await client.open();
    await client.transport.close();
    const told = JSON.stringify([answered, client.messages, client.odds, client.ends]) + client.logged();
    expect(told).not.toContain(CANARY);
  });
});

/** Sends the credentials back wherever a server can write something. */
function echoing(code: number): Answer {
  return (seen, response) => {
    const told = String(seen.headers.authorization);
    return status(
      code,
      {
        'www-authenticate': `Bearer error="${told}"`,
        location: `/${told}?token=${told}`,
        'content-type': `text/${told.slice(7)}`,
      },
      told,
    )(seen, response);
  };
}
