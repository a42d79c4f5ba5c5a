/** From samples to figures, and from figures to a table. */

/** What one run of one front at one number of calls in flight gave. */
export type Figures = {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly callsPerSecond: number;
  /** CPU time of the front's own processes; undefined where there is no front. */
  readonly cpuMsPerCall: number | undefined;
  readonly failed: number;
};

/** Megabytes of 1,000,000 bytes, after the last load. */
export type MemoryFigures = { readonly rssMb: number; readonly pssMb: number | undefined };

export type FrontReport = {
  readonly name: string;
  readonly levels: readonly { readonly inFlight: number; readonly figures: Figures }[];
  readonly memory: MemoryFigures | undefined;
};

export type CommandReport = { readonly name: string; readonly medianMs: number };

export type Report = { readonly fronts: readonly FrontReport[]; readonly commands: readonly CommandReport[] };

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** @param sorted Ascending. */
export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** The median of each figure on its own. Failed calls are added up: one is too many. */
export function medianFigures(runs: readonly Figures[]): Figures {
  const of = (pick: (run: Figures) => number | undefined): number | undefined => {
    const known = runs.map(pick).filter((value) => value !== undefined);
    return known.length === 0 ? undefined : median(known);
  };
  return {
    p50Ms: of((run) => run.p50Ms) ?? Number.NaN,
    p99Ms: of((run) => run.p99Ms) ?? Number.NaN,
    callsPerSecond: of((run) => run.callsPerSecond) ?? Number.NaN,
    cpuMsPerCall: of((run) => run.cpuMsPerCall),
    failed: runs.reduce((sum, run) => sum + run.failed, 0),
  };
}

/** The report as a table in Markdown, aligned so that it reads as well on a terminal. */
export function renderReport(report: Report): string {
  const header = ['front', 'in flight', 'p50 ms', 'p99 ms', 'calls/s', 'CPU ms/call', 'RSS MB', 'PSS MB'];
  const rows = report.fronts.flatMap((front) =>
    front.levels.map(({ inFlight, figures }, index) => [
      index === 0 ? front.name : '',
      String(inFlight),
      figures.p50Ms.toFixed(3),
      figures.p99Ms.toFixed(2),
      `${Math.round(figures.callsPerSecond)}${figures.failed > 0 ? ` (${figures.failed} failed)` : ''}`,
      figures.cpuMsPerCall?.toFixed(3) ?? '–',
      index === 0 ? (front.memory?.rssMb.toFixed(0) ?? '–') : '',
      index === 0 ? (front.memory?.pssMb?.toFixed(0) ?? '–') : '',
    ]),
  );
  const commands = report.commands.map(({ name, medianMs }) => [name, medianMs.toFixed(0)]);
  const tables = [renderTable(header, rows)];
  if (commands.length > 0) tables.push(renderTable(['command', 'ms'], commands));
  return tables.join('\n');
}

function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  const line = (cells: readonly string[]): string => `| ${cells.map(pad).join(' | ')} |\n`;
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return line(header) + line(rule) + rows.map(line).join('');
}
