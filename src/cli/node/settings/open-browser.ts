import type { CliContext } from '../context.ts';

/**
 * Opens an address in the browser of the user, where there is a screen for one. Where that does not work nothing is said:
 * the address was printed before.
 */
export async function openBrowser({ env }: Pick<CliContext, 'env'>, address: string): Promise<void> {
  if (!hasScreen(env, process.platform)) return;
  try {
    const { default: open } = await import('open');
    const child = await open(address);
    child.once('error', () => {});
    child.unref();
  } catch {
    // As said above.
  }
}

function hasScreen(env: CliContext['env'], platform: NodeJS.Platform): boolean {
  const isSet = (name: string): boolean => (env[name] ?? '') !== '';
  if (platform === 'win32') return true;
  if (platform === 'darwin') return !isSet('SSH_CONNECTION');
  return isSet('DISPLAY') || isSet('WAYLAND_DISPLAY') || isSet('WSL_DISTRO_NAME');
}
