import { type Issue, nextStep } from '../kernel/index.ts';
import type { ServerReport } from './report.ts';

/**
 * One error for each required server that should run and does not. A server that is still starting, or that is turned off,
 * is no error yet.
 */
export function requiredIssues(reports: readonly ServerReport[]): readonly Issue[] {
  return reports.flatMap((report) => {
    const { name, plugin, required, state, reason } = report;
    if (!required || state === null || FINE.has(state.kind)) return [];
    const hint = nextStep(state, report);
    return [
      {
        code: 'UPSTREAM_REQUIRED',
        severity: 'error',
        message: `${name} is required and not connected: ${reason === '' ? state.kind : reason}`,
        ...(hint === null ? {} : { hint }),
        key: plugin === null ? `mcp_servers.${name}.required` : `plugins."${plugin}"`,
        server: name,
        ...(plugin === null ? {} : { plugin }),
      } as const,
    ];
  });
}

const FINE: ReadonlySet<string> = new Set(['connected', 'no_tools', 'starting', 'disabled']);
