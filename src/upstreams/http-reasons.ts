import { type EndReason, TransportEnded } from './transport.ts';

/** Most bytes of one message: a response body, or one event of a stream. */
export const MESSAGE_LIMIT_BYTES = 64 * 1024 * 1024;

const NO_ADDRESS = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME']);

/** OpenSSL's verdicts on a certificate, as Node names them, in words. @see https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const CERTIFICATE_FAULTS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate comes from an authority that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate comes from an authority that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate comes from an authority that is not trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate comes from an authority that is not trusted here',
  CERT_UNTRUSTED: 'the certificate comes from an authority that is not trusted here',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  CERT_REVOKED: 'the certificate was revoked',
  CERT_REJECTED: 'the certificate was rejected',
  CERT_SIGNATURE_FAILURE: 'the signature of the certificate is wrong',
  CERT_CHAIN_TOO_LONG: 'the certificate chain is too long',
  INVALID_CA: 'the authority of the certificate may not issue certificates',
  INVALID_PURPOSE: 'the certificate is not meant for a server',
  HOSTNAME_MISMATCH: 'the certificate is for another host',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another host',
  EPROTO: 'the server does not speak TLS here',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the server does not speak TLS here',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the server does not speak TLS here',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'the server wants a client certificate',
};

type Coded = { readonly code: string; readonly address: string | null; readonly host: string | null };

/** The first error with a code: the error itself, one of those it gathers, or its cause. */
function codedError(error: unknown): Coded | null {
  if (!(error instanceof Error)) return null;
  const inner: readonly unknown[] = 'errors' in error && Array.isArray(error.errors) ? error.errors : [];
  const found = [...inner, error.cause].map(codedError).find((one) => one !== null) ?? null;
  const own = 'code' in error && typeof error.code === 'string' ? error.code : null;
  const code = own ?? (error.name === 'HTTPParserError' ? 'HPE' : null);
  if (code === null) return found;
  const address = 'address' in error && 'port' in error ? `${String(error.address)}:${String(error.port)}` : null;
  const host = 'hostname' in error && typeof error.hostname === 'string' ? error.hostname : null;
  // A wrapper such as "proxy connection failed" or "connect timed out" knows less than what it wraps.
  if (found !== null && (code.startsWith('UND_ERR') || address === null)) return found;
  return { code, address, host };
}

/** Why an exchange over HTTP failed, told by error codes alone. */
export function reasonOfError(error: unknown, url: URL): EndReason {
  if (error instanceof TransportEnded) return error.reason;
  const coded = codedError(error);
  if (coded === null) return { kind: 'network', detail: error instanceof Error ? error.name : 'unknown error' };
  const { code } = coded;
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') return { kind: 'closed' };
  if (code === 'ECONNREFUSED') return { kind: 'refused', address: coded.address ?? url.host };
  if (NO_ADDRESS.has(code)) return { kind: 'dns', host: coded.host ?? url.hostname };
  const fault = CERTIFICATE_FAULTS[code];
  if (fault !== undefined) return { kind: 'tls', detail: `${fault} (${code})` };
  if (/^(ERR_TLS|ERR_SSL|CERT_|CRL_|UNABLE_TO_|ERR_OSSL|UND_ERR_PRX_TLS)/.test(code)) {
    return { kind: 'tls', detail: `the handshake failed (${code})` };
  }
  if (code === 'HPE_INVALID_EOF_STATE') return { kind: 'network', detail: `the answer broke off (${code})` };
  if (code.startsWith('HPE') || code === 'UND_ERR_HEADERS_OVERFLOW') {
    return { kind: 'protocol', detail: `the answer is not HTTP (${code})` };
  }
  return { kind: 'network', detail: `${NETWORK_FAULTS[code] ?? 'the exchange failed'} (${code})` };
}

const NETWORK_FAULTS: Readonly<Record<string, string>> = {
  ECONNRESET: 'the server closed the connection',
  EPIPE: 'the server closed the connection',
  UND_ERR_SOCKET: 'the server closed the connection',
  ETIMEDOUT: 'the server does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'the server does not answer',
  EHOSTUNREACH: 'no way to the host',
  ENETUNREACH: 'no way to the network',
  UND_ERR_ABORTED: 'the proxy refused the connection',
  UND_ERR_PRX_CONN: 'the proxy closed the connection',
};

/** Words of `error` in a challenge that say something; anything else a server writes there is not repeated. */
const CHALLENGE_WORDS = ['invalid_token', 'invalid_request', 'insufficient_scope'];

export type StatusFacts = {
  readonly status: number;
  /** The `WWW-Authenticate` header. */
  readonly challenge: string | null;
  readonly sentCredentials: boolean;
};

/** Why an answer whose status is no success ends its exchange. */
export function reasonOfStatus({ status, challenge, sentCredentials }: StatusFacts): EndReason {
  if (status !== 401 && status !== 403) return { kind: 'http_status', status };
  const word = CHALLENGE_WORDS.find((candidate) => challenge?.includes(`error="${candidate}"`));
  const detail = sentCredentials ? 'the server refused the credentials' : 'the server wants credentials';
  return { kind: 'auth', status, detail: `${detail} (HTTP ${status}${word === undefined ? '' : `, ${word}`})` };
}
