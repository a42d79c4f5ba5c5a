import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { EpochMs } from '../kernel/index.ts';

/** A named key to the HTTP endpoint. The token itself is kept nowhere; only its digest is. */
export type TokenRecord = {
  readonly name: string;
  readonly user: string | null;
  readonly team: string | null;
  readonly workspace: string | null;
  readonly human: boolean;
  readonly createdAt: EpochMs;
};

/** Marks our tokens, so that secret scanners and people can tell what one is. */
const TOKEN_PREFIX = 'pb_';

/** @param random 32 bytes of chance. */
export function formatToken(random: Uint8Array): string {
  return TOKEN_PREFIX + Buffer.from(random).toString('base64url');
}

/** What is stored for a token. The token has 256 bits of chance, so a plain digest cannot be turned back. */
export function digestToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
