import { REQUIREMENTS, type RequirementId } from '../requirements.ts';

/**
 * The title of a test that proves these promises: `test(proves('gateway.tools'), …)`, or for a table
 * `test.each(rows)(`${proves('fault.wrong-types')}: $name`, …)`.
 *
 * The ids are written as literals: `requirements.test.ts` reads them from the source.
 */
export function proves(...ids: readonly [RequirementId, ...RequirementId[]]): string {
  return ids.map((id) => `${REQUIREMENTS[id].promise} [${id}]`).join('; ');
}
