import { expect, test } from 'vitest';
import { AppError } from '../../../src/kernel/index.ts';
import { consumerText, parseConsumer, parseSecretName } from '../../../src/secrets/index.ts';

/** The code and the whole text of what `act` throws. */
function refusal(act: () => unknown): { readonly code: string; readonly text: string } {
  try {
    act();
  } catch (error) {
    if (error instanceof AppError) return { code: error.code, text: `${error.message} ${error.hint}` };
    throw error;
  }
  throw new Error('nothing was refused');
}

test.each(['A', '_x', 'GITHUB_TOKEN', 'user_config.api-key', `A${'x'.repeat(127)}`])('%s is a name', (name) => {
  expect(parseSecretName(name)).toBe(name);
});

test.each(['', '1A', 'A B', 'A=B', 'Ä', 'A\n', '-A', 'ghp_secret/with+slash', `A${'x'.repeat(128)}`])(
  '%j is no name, and is not repeated',
  (name) => {
    const { code, text } = refusal(() => parseSecretName(name));
    expect(code).toBe('SECRET_BAD_NAME');
    if (name.length > 2) expect(text).not.toContain(name);
  },
);

test.each([
  { text: 'poka@acme', want: { kind: 'plugin', id: 'poka@acme' } },
  { text: 'a.b-c@x_y.z', want: { kind: 'plugin', id: 'a.b-c@x_y.z' } },
  { text: 'github', want: { kind: 'server', name: 'github' } },
  { text: 'acme/docs:v2', want: { kind: 'server', name: 'acme/docs:v2' } },
  { text: 'a@b@c', want: { kind: 'server', name: 'a@b@c' } },
  { text: '@scope/server', want: { kind: 'server', name: '@scope/server' } },
])('--for $text', ({ text, want }) => {
  expect(parseConsumer(text)).toEqual(want);
  expect(consumerText(parseConsumer(text))).toBe(text);
});

test.each(['', 'two words', 'ümlaut', 'x'.repeat(129), 'a\0b'])('%j is nobody', (text) => {
  expect(refusal(() => parseConsumer(text)).code).toBe('SECRET_BAD_CONSUMER');
});
