import { parsePluginId } from '../config/index.ts';
import { AppError } from '../kernel/index.ts';
import type { Consumer, SecretRef } from './types.ts';

const MAX_NAME_LENGTH = 128;
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const SERVER = /^[A-Za-z0-9_:@/.-]+$/;

/**
 * Checks the name of a secret. It is not repeated in the message: people paste values in its place.
 *
 * @throws AppError `SECRET_BAD_NAME`
 */
export function parseSecretName(text: string): string {
  if (isSecretName(text)) return text;
  throw new AppError(
    'SECRET_BAD_NAME',
    `the name of a secret has 1 to ${MAX_NAME_LENGTH} letters, digits, or any of _ . -, and begins with a letter or _`,
    { hint: 'for example: plugboard secret set GITHUB_TOKEN --for SERVER' },
  );
}

export function isSecretName(text: string): boolean {
  return text.length <= MAX_NAME_LENGTH && NAME.test(text);
}

/**
 * Reads who a secret is for: `name@marketplace` is a plugin, everything else the name of a server.
 *
 * @throws AppError `SECRET_BAD_CONSUMER`
 */
export function parseConsumer(text: string): Consumer {
  const consumer = consumerOf(text);
  if (consumer !== null) return consumer;
  throw new AppError(
    'SECRET_BAD_CONSUMER',
    'a secret is for a plugin, NAME@MARKETPLACE, or for a server, by its name',
    {
      hint: 'see: plugboard mcp list',
    },
  );
}

export function consumerOf(text: string): Consumer | null {
  if (parsePluginId(text) !== null) return { kind: 'plugin', id: text };
  return text.length <= MAX_NAME_LENGTH && SERVER.test(text) ? { kind: 'server', name: text } : null;
}

/** As one writes it after `--for`. */
export function consumerText(consumer: Consumer): string {
  return consumer.kind === 'plugin' ? consumer.id : consumer.name;
}

export function isSameConsumer(a: Consumer, b: Consumer): boolean {
  return a.kind === b.kind && consumerText(a) === consumerText(b);
}

export function isSameRef(a: SecretRef, b: SecretRef): boolean {
  return a.name === b.name && isSameConsumer(a.consumer, b.consumer);
}
