import type { Issue } from '../../../src/kernel/index.ts';
import { type ManifestOptions, parseMarketplace } from '../../../src/marketplace/manifest.ts';
import type { Marketplace } from '../../../src/marketplace/types.ts';

export const FILE = '/srv/market/.agents/plugins/marketplace.json';
export const options: ManifestOptions = {
  file: FILE,
  root: '/srv/market',
  kind: 'configured',
  source: { kind: 'local', path: '/srv/market' },
  revision: null,
};

export const parse = (text: string): Marketplace => parseMarketplace(text, options);

/** Issues in short: `severity CODE plugin: message`. */
export const brief = (issues: readonly Issue[]): readonly string[] =>
  issues.map(({ severity, code, plugin, message }) => `${severity} ${code} ${plugin ?? '-'}: ${message}`);

/** A marketplace with a good plugin before and behind `entry`. */
export function around(entry: unknown, top: Readonly<Record<string, unknown>> = {}): Marketplace {
  const good = (name: string) => ({ name, source: `./plugins/${name}` });
  return parse(JSON.stringify({ name: 'acme', ...top, plugins: [good('first'), entry, good('last')] }));
}
