import { AppError } from '../kernel/index.ts';
import { SUPPORTED_VERSIONS } from './versions.ts';

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * Whether a Host header names this endpoint: a page that was lured here by a rebound DNS name does not.
 *
 * @throws AppError `HTTP_HOST_NOT_ALLOWED`
 */
export function checkHost(header: string | undefined, allowed: readonly string[]): void {
  const host = hostOf(header ?? '');
  const names = allowed.map((name) => name.toLowerCase());
  if (LOOPBACK.includes(host) || names.includes(host) || names.includes((header ?? '').toLowerCase())) return;
  throw new AppError('HTTP_HOST_NOT_ALLOWED', `the Host ${JSON.stringify(header ?? '')} is not allowed`);
}

/**
 * Whether a page of this Origin may use the endpoint: those of this endpoint and the ones allowed by name.
 *
 * @returns The origin to answer with in CORS headers, or null where no browser asks.
 * @throws AppError `HTTP_ORIGIN_NOT_ALLOWED`
 */
export function checkOrigin(
  origin: string | undefined,
  host: string | undefined,
  allowed: readonly string[],
): string | null {
  if (origin === undefined) return null;
  if (allowed.includes(origin) || origin === `http://${host}` || origin === `https://${host}`) return origin;
  throw new AppError('HTTP_ORIGIN_NOT_ALLOWED', `the Origin ${JSON.stringify(origin)} is not allowed`);
}

/** @throws AppError `HTTP_CONTENT_TYPE` */
export function checkContentType(header: string | undefined): void {
  if (header?.split(';')[0]?.trim().toLowerCase() !== 'application/json') {
    throw new AppError('HTTP_CONTENT_TYPE', 'the request body must be application/json');
  }
}

/** @throws AppError `HTTP_NOT_ACCEPTABLE` */
export function checkAccept(header: string | undefined, wanted: readonly string[]): void {
  const accepted = (header ?? '').split(',').map((part) => part.split(';')[0]?.trim().toLowerCase() ?? '');
  const accepts = (type: string): boolean =>
    accepted.some((range) => range === type || range === '*/*' || range === `${type.split('/')[0]}/*`);
  if (!wanted.every(accepts))
    throw new AppError('HTTP_NOT_ACCEPTABLE', `the client must accept ${wanted.join(' and ')}`);
}

/** An absent header is fine. @throws AppError `HTTP_PROTOCOL_VERSION` */
export function checkProtocolVersion(header: string | undefined): void {
  if (header === undefined || SUPPORTED_VERSIONS.includes(header)) return;
  throw new AppError('HTTP_PROTOCOL_VERSION', `the revision ${JSON.stringify(header)} is not supported`, {
    hint: `use one of ${SUPPORTED_VERSIONS.join(', ')}`,
  });
}

/** The token in `Authorization: Bearer …`, or null. */
export function bearerToken(header: string | undefined): string | null {
  return /^Bearer +([\w.~+/=-]+) *$/i.exec(header ?? '')?.[1] ?? null;
}

/** A Host header without its port. */
function hostOf(header: string): string {
  return header.toLowerCase().replace(/:\d+$/, '');
}
