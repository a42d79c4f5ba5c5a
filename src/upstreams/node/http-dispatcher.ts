import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import type { Dispatcher } from 'undici';
import { TransportEnded } from '../transport.ts';

/** PEM files, absolute; null where none is configured. */
export type TlsFiles = {
  readonly caFile: string | null;
  readonly clientCertFile: string | null;
  readonly clientKeyFile: string | null;
};

/** The proxy variables, in either case, as values. @see proxyFor */
export type ProxyEnv = Readonly<Record<string, string | undefined>>;

/**
 * The connections to one server: without any time limit (calls may run for hours; whoever sends them has a clock), through
 * the proxy that `env` names, trusting the authorities that Node trusts, and those of `caFile`.
 *
 * @throws TransportEnded `tls` when a file cannot be read or used, `network` when the proxy's address is none
 */
export async function openDispatcher(url: URL, tls: TlsFiles, env: ProxyEnv): Promise<Dispatcher> {
  const { Agent, EnvHttpProxyAgent, buildConnector } = await import('undici');
  const secureContext = await secureContextOf(tls);
  const tlsOptions = secureContext === null ? {} : { secureContext };
  const connect = buildConnector({ ...tlsOptions, allowH2: false, timeout: 0 });
  const limits = { headersTimeout: 0, bodyTimeout: 0, connectTimeout: 0, allowH2: false, connect };
  const proxy = proxyFor(url, env);
  if (proxy === null) return new Agent(limits);
  try {
    return new EnvHttpProxyAgent({
      ...limits,
      httpProxy: proxy,
      httpsProxy: proxy,
      noProxy: either(env, 'no_proxy') ?? '',
      // The type knows only the options of a plain connection; the connector behind it takes those of a TLS one.
      requestTls: { ...tlsOptions, allowH2: false } as object,
    });
  } catch {
    // undici's own message would repeat the address, which may hold a password.
    throw new TransportEnded({ kind: 'network', detail: 'the address of the proxy is not valid' });
  }
}

/** The proxy for this address, as curl chooses it: the scheme's own variable, else ALL_PROXY; lower case first. */
function proxyFor(url: URL, env: ProxyEnv): string | null {
  const own = either(env, url.protocol === 'https:' ? 'https_proxy' : 'http_proxy');
  const proxy = own ?? either(env, 'all_proxy') ?? null;
  return proxy === null || proxy.includes('://') ? proxy : `http://${proxy}`;
}

function either(env: ProxyEnv, name: string): string | undefined {
  const value = env[name] ?? env[name.toUpperCase()];
  return value === undefined || value.trim() === '' ? undefined : value.trim();
}

/** Made once and shared by all connections: it parses every authority there is. */
async function secureContextOf(files: TlsFiles): Promise<SecureContext | null> {
  const [ca, cert, key] = await Promise.all([
    readPem('ca_file', files.caFile, 'certificate'),
    readPem('client_cert_file', files.clientCertFile, 'certificate'),
    readPem('client_key_file', files.clientKeyFile, 'private key'),
  ]);
  if (ca === null && cert === null && key === null) return null;
  try {
    return createSecureContext({
      ...(ca === null ? {} : { ca: [...getCACertificates('default'), ca] }),
      ...(cert === null ? {} : { cert }),
      // A file may hold both, certificate and key.
      ...(key === null ? (cert === null ? {} : { key: cert }) : { key }),
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new TransportEnded({ kind: 'tls', detail: `the certificate files cannot be used (${code})` });
  }
}

/** More than any PEM file has; all authorities of a machine are a fifth of it. */
const MAX_PEM_BYTES = 1024 * 1024;

/** Opened without waiting for a pipe or device, or becoming the terminal of one. @throws TransportEnded for what is no file */
async function readSmall(setting: string, file: string): Promise<string> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    if (!(await handle.stat()).isFile()) {
      throw new TransportEnded({ kind: 'tls', detail: `${setting} is not a file: ${file}` });
    }
    const bytes = Buffer.allocUnsafe(MAX_PEM_BYTES + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = (await handle.read(bytes, length, bytes.length - length)).bytesRead;
    }
    if (length <= MAX_PEM_BYTES) return bytes.toString('utf8', 0, length);
    throw new TransportEnded({ kind: 'tls', detail: `${setting} is larger than 1 MiB: ${file}` });
  } finally {
    await handle.close();
  }
}

/** OpenSSL passes over what it does not understand in silence, so what a file must hold is looked for here. */
async function readPem(
  setting: string,
  file: string | null,
  holds: 'certificate' | 'private key',
): Promise<string | null> {
  if (file === null) return null;
  let pem: string;
  try {
    pem = await readSmall(setting, file);
  } catch (error) {
    if (error instanceof TransportEnded) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new TransportEnded({ kind: 'tls', detail: `${setting} cannot be read: ${file} (${code})` });
  }
  const begin =
    holds === 'certificate' ? /^-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----/m : /^-----BEGIN [A-Z ]*PRIVATE KEY-----/m;
  if (begin.test(pem)) return pem;
  throw new TransportEnded({ kind: 'tls', detail: `${setting} holds no PEM ${holds}: ${file}` });
}
