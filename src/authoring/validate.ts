import { byPlace } from '../config/index.ts';
import type { Issue } from '../kernel/index.ts';
import { type ParseOptions, type Plugin, parsePlugin } from '../plugins/index.ts';
import { type ClientRow, clientVerdicts } from './clients.ts';
import { strictFindings } from './strict.ts';

/** What a maintainer is told of a bundle. */
export type Validation = {
  /** What Plugboard makes of it; null when nothing can be installed. */
  readonly plugin: Plugin | null;
  /** File by file, in the order of their places. */
  readonly findings: readonly Issue[];
  readonly clients: readonly ClientRow[];
};

/**
 * Everything that can be said of a bundle: what the loader reports, the rules of stores, and what other clients make of it.
 *
 * @param options `strict`: whether breaks of the rules of stores are errors.
 */
export function validatePlugin(options: ParseOptions & { readonly strict: boolean }): Validation {
  const { bundle, entry, strict } = options;
  const { plugin, issues } = parsePlugin(options);
  const rules = plugin === null ? [] : strictFindings(plugin, { bundle, inForce: strict });
  const findings = saidOnce(issues, rules, strict).toSorted(
    (a, b) => compare(a.file ?? '', b.file ?? '') || byPlace(a, b),
  );
  return { plugin, findings, clients: clientVerdicts({ bundle, entry, plugin }) };
}

/** A key that is not known breaks a rule too: that is one finding, as grave as the rule. */
function saidOnce(issues: readonly Issue[], rules: readonly Issue[], strict: boolean): readonly Issue[] {
  const spot = ({ file, key, line, column }: Issue): string => JSON.stringify([file, key, line, column]);
  const isUnknown = ({ code }: Issue): boolean => code === 'PLUGIN_UNKNOWN_KEY';
  const unknown = new Set(issues.filter(isUnknown).map(spot));
  const broken = new Set(rules.map(spot));
  return [
    ...issues.map((issue) =>
      strict && isUnknown(issue) && broken.has(spot(issue)) ? { ...issue, severity: 'error' as const } : issue,
    ),
    ...rules.filter((rule) => !unknown.has(spot(rule))),
  ];
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
