import type { LocatedTable } from '../config/index.ts';
import { nearest } from '../kernel/index.ts';
import { kindOf, type Reading, tell } from './reading.ts';

/** Keys that are read. */
const READ: readonly string[] = [
  'name',
  'version',
  'description',
  'homepage',
  'category',
  'displayName',
  'interface',
  'mcpServers',
  'mcp_servers',
  'user_config',
  'userConfig',
  'hooks',
  'skills',
  'commands',
  'agents',
  'apps',
];

/** Keys that say something to people or to stores, and change nothing here. */
const DISPLAYED: readonly string[] = [
  '$schema',
  'id',
  'author',
  'repository',
  'license',
  'keywords',
  'tags',
  'logo',
  'icon',
  'strict',
  'defaultEnabled',
];

/** Parts that other clients load, and Plugboard does not. */
const ELSEWHERE: readonly string[] = [
  'lspServers',
  'outputStyles',
  'monitors',
  'themes',
  'channels',
  'settings',
  'rules',
  'dependencies',
  'experimental',
  'bin',
];

/** More unknown keys than this get no proposal. */
const MAX_PROPOSALS = 50;

/** Names every key of a manifest that has no effect. */
export function checkManifestKeys(reading: Reading, table: LocatedTable): void {
  let proposals = 0;
  for (const [key, value] of table.entries) {
    if (READ.includes(key) || DISPLAYED.includes(key)) continue;
    const at = { key: [key], place: value.origin };
    if (ELSEWHERE.includes(key)) {
      const message = 'is for other clients, and has no effect here';
      tell(reading, at, { code: 'PLUGIN_UNKNOWN_KEY', severity: 'note', message });
      continue;
    }
    proposals += 1;
    const near = proposals > MAX_PROPOSALS || key.length > 40 ? null : nearest(key, READ);
    tell(reading, at, {
      code: 'PLUGIN_UNKNOWN_KEY',
      severity: 'warning',
      message: 'is not known and has no effect',
      ...(near === null ? {} : { hint: `did you mean \`${near}\`?` }),
    });
  }
  const inner = table.entries.get('interface');
  if (inner !== undefined && inner.kind !== 'table') {
    const message = `must be an object, and is ${kindOf(inner)}; it is left out`;
    tell(reading, { key: ['interface'], place: inner.at }, { code: 'PLUGIN_WRONG_TYPE', severity: 'warning', message });
  }
}
