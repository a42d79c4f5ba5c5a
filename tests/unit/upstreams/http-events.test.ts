import { array, assert, nat, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventReader, type ServerSentEvent } from '../../../src/upstreams/http-events.ts';

type Read = { readonly events: readonly ServerSentEvent[]; readonly retries: readonly number[]; readonly ok: boolean };

function read(chunks: readonly Buffer[], limitBytes = 1000): Read {
  const events: ServerSentEvent[] = [];
  const retries: number[] = [];
  const reader = new EventReader({
    limitBytes,
    onEvent: (event) => events.push(event),
    onRetry: (waitMs) => retries.push(waitMs),
  });
  return { events, retries, ok: chunks.every((chunk) => reader.push(chunk)) };
}

const message = (data: string, id: string | null = null): ServerSentEvent => ({ name: 'message', data, id });

const streams = [
  { name: 'one event', text: 'data: a\n\n', events: [message('a')] },
  { name: 'an event that never ends is none', text: 'data: a\n', events: [] },
  { name: 'CRLF', text: 'data: a\r\nid: 1\r\n\r\n', events: [message('a', '1')] },
  { name: 'CR alone', text: 'data: a\rid: 1\r\rdata: b\r\r', events: [message('a', '1'), message('b')] },
  { name: 'several lines of data', text: 'data: a\ndata:b\ndata\n\n', events: [message('a\nb\n')] },
  { name: 'only the first space belongs to the colon', text: 'data:  a \n\n', events: [message(' a ')] },
  {
    name: 'another event',
    text: 'event: endpoint\ndata: /x\n\n',
    events: [{ name: 'endpoint', data: '/x', id: null }],
  },
  {
    name: 'the name is for one event only',
    text: 'event: e\ndata: a\n\ndata: b\n\n',
    events: [{ name: 'e', data: 'a', id: null }, message('b')],
  },
  { name: 'an id without data, to resume after', text: 'id: 7\ndata:\n\n', events: [message('', '7')] },
  { name: 'an id alone', text: 'id: 7\n\n', events: [message('', '7')] },
  { name: 'an id with a NUL does not count', text: 'id: a\0b\ndata: a\n\n', events: [message('a')] },
  { name: 'comments and blank lines say nothing', text: ': hello\n\n\n\n:\ndata: a\n:x\n\n', events: [message('a')] },
  { name: 'unknown fields say nothing', text: 'foo: bar\ndata: a\nbaz\n\n', events: [message('a')] },
  { name: 'a byte order mark', text: '\uFEFFdata: a\n\n', events: [message('a')] },
  { name: 'characters of several bytes', text: 'data: žluťoučký 🐎\n\n', events: [message('žluťoučký 🐎')] },
];

describe('event streams', () => {
  test.each(streams)('$name', ({ text, events }) => {
    expect(read([Buffer.from(text)])).toEqual({ events, retries: [], ok: true });
  });

  test.each(streams)('$name, byte by byte', ({ text, events }) => {
    expect(read([...Buffer.from(text)].map((byte) => Buffer.of(byte)))).toEqual({ events, retries: [], ok: true });
  });

  test('retry counts only when it is a number', () => {
    expect(read([Buffer.from('retry: 50\nretry: soon\nretry: -1\nretry:\n\n')]).retries).toEqual([50]);
  });

  test('however a stream is cut into chunks, the same events come out', () => {
    const all = Buffer.from(
      streams
        .map((one) => one.text)
        .join('\n\n')
        .replaceAll('\uFEFF', ''),
    );
    const whole = read([all], 100_000);
    assert(
      property(array(nat(all.length), { maxLength: 40 }), (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), all.length];
        const chunks = places.slice(1).map((end, index) => all.subarray(places[index], end));
        expect(read(chunks, 100_000)).toEqual(whole);
      }),
    );
  });
});

describe('the limit', () => {
  const line = (bytes: number): string => `data: ${'x'.repeat(bytes - 6)}\n`;

  test.each([
    { name: 'an event of exactly the limit passes', chunks: [`${line(100)}\n`], ok: true },
    { name: 'one byte more does not', chunks: [`${line(101)}\n`], ok: false },
    { name: 'many lines count together', chunks: [line(60), line(60)], ok: false },
    { name: 'many events count each by itself', chunks: Array.from({ length: 50 }, () => `${line(90)}\n`), ok: true },
    { name: 'a line without an end', chunks: Array.from({ length: 11 }, () => 'x'.repeat(10)), ok: false },
    {
      name: 'comments between blank lines do not add up',
      chunks: Array.from({ length: 50 }, () => ': keep-alive\n\n'),
      ok: true,
    },
  ])('$name', ({ chunks, ok }) => {
    expect(
      read(
        chunks.map((chunk) => Buffer.from(chunk)),
        100,
      ).ok,
    ).toBe(ok);
  });
});
