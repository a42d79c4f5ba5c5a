import type { LocatedTable } from '../../config/index.ts';
import { nearest } from '../../kernel/index.ts';
import { kindOf, type Reading, tell } from '../reading.ts';
import { MANIFEST_KEYS, type ManifestKey } from './manifest-table.ts';

const keysWith = (effect: ManifestKey['effect']): readonly string[] =>
  MANIFEST_KEYS.filter((row) => row.effect === effect).map(({ key }) => key);

const READ = keysWith('read');
const DISPLAYED = keysWith('shown');
const ELSEWHERE = keysWith('elsewhere');

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
