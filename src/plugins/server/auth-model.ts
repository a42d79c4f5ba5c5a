import { isLoopback, type ServerEntry } from '../../config/index.ts';
import type { AuthModel } from '../types.ts';

/**
 * How a server most likely knows who is asking, where the plugin does not say so: by what it takes from the user, then by
 * where it is.
 *
 * @param credentials Whether a value that it is handed comes from a variable or a sensitive setting.
 * @param signsIn Whether it has keys for a sign-in with OAuth.
 */
export function deriveAuthModel(
  transport: ServerEntry['transport'],
  { credentials, signsIn }: { readonly credentials: boolean; readonly signsIn: boolean },
): AuthModel {
  if (transport === null) return 'none';
  if (credentials) return 'service_token';
  if (transport.kind === 'stdio') return transport.envVars.length > 0 ? 'service_token' : 'none';
  const sends =
    transport.bearerTokenEnvVar !== null ||
    transport.headersHelper !== null ||
    Object.keys(transport.envHeaders).length > 0 ||
    Object.keys(transport.headers).some((name) => name.toLowerCase() === 'authorization');
  if (sends) return 'service_token';
  if (signsIn) return 'user_oauth';
  return isLocal(transport.url) ? 'none' : 'user_oauth';
}

function isLocal(url: string): boolean {
  return URL.canParse(url) && isLoopback(new URL(url).hostname);
}
