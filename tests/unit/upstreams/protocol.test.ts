import { expect, test } from 'vitest';
import type { JsonObject } from '../../../src/kernel/index.ts';
import { canAnswer, sessionCapabilities } from '../../../src/upstreams/protocol.ts';

const form = { method: 'elicitation/create', params: { message: 'x' } };
const url = { method: 'elicitation/create', params: { mode: 'url' } };
const sample = { method: 'sampling/createMessage', params: {} };
const withTools = { method: 'sampling/createMessage', params: { tools: [] } };
const roots = { method: 'roots/list' };

test.each<{ capabilities: JsonObject; can: readonly object[] }>([
  { capabilities: {}, can: [] },
  { capabilities: { roots: {} }, can: [roots] },
  { capabilities: { sampling: {} }, can: [sample] },
  { capabilities: { sampling: { tools: {} } }, can: [sample, withTools] },
  { capabilities: { elicitation: {} }, can: [form] },
  { capabilities: { elicitation: { form: {} } }, can: [form] },
  { capabilities: { elicitation: { url: {} } }, can: [url] },
  { capabilities: { elicitation: { form: {}, url: {} } }, can: [form, url] },
  { capabilities: { elicitation: { future: {} } }, can: [form] },
])('an agent that declares $capabilities', ({ capabilities, can }) => {
  const all = [form, url, sample, withTools, roots, { method: 'tools/list' }];
  expect(all.filter((request) => canAnswer(capabilities, request))).toEqual(
    all.filter((request) => can.includes(request)),
  );
});

test.each([
  { agent: {}, want: { roots: {} } },
  {
    agent: { roots: { listChanged: true }, tasks: {}, sampling: { tools: {} } },
    want: { roots: { listChanged: true }, sampling: { tools: {} } },
  },
  {
    agent: { elicitation: {}, experimental: { x: {} } },
    want: { roots: {}, elicitation: {}, experimental: { x: {} } },
  },
])('a connection of one agent declares what is carried of $agent', ({ agent, want }) => {
  expect(sessionCapabilities(agent)).toEqual(want);
});
