import { expect, test } from 'vitest';
import { type ConfigArgs, type Greeting, parseAnswer, parseGreeting, sameConfig } from '../../../src/api/index.ts';
import { AppError } from '../../../src/kernel/index.ts';

const config: ConfigArgs = { file: null, overrides: [], project: null };
const agent: Greeting = {
  version: '1',
  key: 'k',
  want: { kind: 'agent', agent: 'codex', human: true, workspace: '/w', server: null },
  config: { file: '/f', overrides: ['a=1', 'b=2'], project: '/p' },
};

test.each([
  { name: 'an agent', greeting: agent },
  { name: 'control', greeting: { version: '1', key: 'k', want: { kind: 'control' }, config } },
])('a greeting of $name is read as it was written', ({ greeting }) => {
  expect(parseGreeting(JSON.parse(JSON.stringify(greeting)))).toEqual(greeting);
});

test('members that a later version adds do not matter', () => {
  const later = { ...agent, novel: true, want: { ...agent.want, novel: [] }, config: { ...agent.config, novel: 1 } };
  expect(parseGreeting(later)).toEqual(agent);
});

test.each([
  { name: 'nothing', value: null },
  { name: 'a text', value: 'hello' },
  { name: 'no version', value: { ...agent, version: undefined } },
  { name: 'no key', value: { ...agent, key: 7 } },
  { name: 'no wish', value: { ...agent, want: undefined } },
  { name: 'an agent without a name or null', value: { ...agent, want: { ...agent.want, agent: undefined } } },
  { name: 'no configuration', value: { ...agent, config: undefined } },
  { name: 'overrides that are no texts', value: { ...agent, config: { ...config, overrides: [1] } } },
])('a greeting with $name is refused', ({ value }) => {
  expect(() => parseGreeting(value)).toThrow(AppError);
});

test.each([
  { kind: 'welcome', version: '1', pid: 7, envNames: ['A'] },
  { kind: 'refused', code: 'UNKNOWN_SERVER', message: 'm', hint: 'h' },
])('the answer $kind is read as it was written', (answer) => {
  expect(parseAnswer(JSON.parse(JSON.stringify(answer)))).toEqual(answer);
});

test.each([null, {}, { kind: 'welcome' }, { kind: 'else' }])('%j is no answer', (value) => {
  expect(() => parseAnswer(value)).toThrow(AppError);
});

const running: ConfigArgs = { file: '/a.toml', overrides: ['x=1', 'y=2'], project: '/p' };
test.each([
  { name: 'asks for nothing', asked: config, same: true },
  { name: 'asks for the same', asked: running, same: true },
  { name: 'asks for the same file', asked: { ...config, file: '/a.toml' }, same: true },
  { name: 'asks for another file', asked: { ...config, file: '/b.toml' }, same: false },
  { name: 'asks for the same overrides', asked: { ...config, overrides: ['x=1', 'y=2'] }, same: true },
  { name: 'asks for fewer overrides', asked: { ...config, overrides: ['x=1'] }, same: false },
  { name: 'asks for them in another order', asked: { ...config, overrides: ['y=2', 'x=1'] }, same: false },
  { name: 'asks for another project', asked: { ...config, project: '/q' }, same: false },
])('a caller who $name may use the host: $same', ({ asked, same }) => {
  expect(sameConfig(asked, running)).toBe(same);
});

test('a host without options serves nobody who asks for some', () => {
  expect(sameConfig({ ...config, overrides: ['x=1'] }, config)).toBe(false);
  expect(sameConfig({ ...config, file: '/a.toml' }, config)).toBe(false);
});
