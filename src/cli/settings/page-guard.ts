import { createHash, timingSafeEqual } from 'node:crypto';

/** What a page that only one browser of this machine may open is guarded by. */
export type PageKeys = {
  /** `127.0.0.1:PORT`: the only name by which it answers. */
  readonly host: string;
  /** Path with a random part, beginning with `/`. */
  readonly path: string;
  /** The cookie that the first visitor got; null before that. */
  readonly cookie: string | null;
};

export type PageRequest = {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
};

/** `taken`: somebody else opened the page before. */
export type PageVerdict = 'show' | 'take' | 'taken' | 'not_found' | 'forbidden' | 'wrong_method' | 'wrong_type';

export const COOKIE = 'plugboard_page';

/**
 * Decides about a request before its body is read. A page of another site cannot reach this one: not by a rebound name
 * (Host), a form of its own (Origin and Sec-Fetch-Site), a frame or an image, nor a program that does not know the path.
 */
export function admitPage({ method, url, headers }: PageRequest, { host, path, cookie }: PageKeys): PageVerdict {
  if (headers['host'] !== host) return 'forbidden';
  if (url === undefined || !isSame(url, path)) return 'not_found';
  if (method !== 'GET' && method !== 'POST') return 'wrong_method';
  const destination = headers['sec-fetch-dest'];
  if (destination !== undefined && destination !== 'document') return 'forbidden';
  if (cookie !== null && !cookiesOf(headers['cookie']).some((one) => isSame(one, `${COOKIE}=${cookie}`)))
    return 'taken';
  if (method === 'GET') return 'show';
  if (cookie === null || !isOwn(headers, host)) return 'forbidden';
  const [type] = String(headers['content-type'] ?? '').split(';');
  return type?.trim().toLowerCase() === 'application/x-www-form-urlencoded' ? 'take' : 'wrong_type';
}

/** With `Referrer-Policy: no-referrer` a browser sends the origin `null` with a form; then it says by another header whose form it was. */
function isOwn(headers: PageRequest['headers'], host: string): boolean {
  const origin = headers['origin'];
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  return origin === `http://${host}` || ((origin === undefined || origin === 'null') && site === 'same-origin');
}

function cookiesOf(header: string | readonly string[] | undefined): readonly string[] {
  return String(header ?? '')
    .split(';')
    .map((one) => one.trim());
}

/** In a time that does not tell how much of it is right. */
export function isSame(a: string, b: string): boolean {
  const digest = (text: string): Uint8Array => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** Headers of every answer. @param nonce Of the one style sheet. */
export function pageHeaders(nonce: string): Readonly<Record<string, string>> {
  return {
    'cache-control': 'no-store',
    'content-security-policy': [
      "default-src 'none'",
      `style-src 'nonce-${nonce}'`,
      "form-action 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ].join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    connection: 'close',
  };
}
