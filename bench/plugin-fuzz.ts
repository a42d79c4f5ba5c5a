/**
 * Random bundles through the parser: `node bench/plugin-fuzz.ts [CASES] [SEED]`. Prints what was counted as JSON, and exits
 * with 1 when a case crashed, broke a promise, or took longer than 50 ms.
 */
import fc from 'fast-check';
import { brokenPromise, parseCase, type RandomCase, randomCase } from '../tests/unit/plugins/random-bundles.ts';

const MAX_MS = 50;
/** A case that takes longer is timed again, up to five times, and the least counts: the machine may be busy otherwise. */
const AGAIN_MS = 10;
const [cases = '100000', seed = String(Date.now() % 2 ** 31)] = process.argv.slice(2);

const seen = { cases: 0, plugins: 0, withIssues: 0, crashed: 0, broken: 0, over: 0 };
const times: number[] = [];
const examples: string[] = [];

function tell(what: string, one: unknown): void {
  if (examples.length < 5) examples.push(`${what}: ${JSON.stringify(one).slice(0, 2000)}`);
}

/** Milliseconds for one case. */
function timed(one: RandomCase): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5 && least > AGAIN_MS; round += 1) {
    const start = performance.now();
    parseCase(one);
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

const all = fc.property(randomCase, (one) => {
  seen.cases += 1;
  try {
    const ms = timed(one);
    times.push(ms);
    const parsed = parseCase(one);
    const broken = brokenPromise(parsed);
    seen.plugins += parsed.plugin === null ? 0 : 1;
    seen.withIssues += parsed.issues.length === 0 ? 0 : 1;
    if (broken !== null) {
      seen.broken += 1;
      tell(broken, one);
    }
    if (ms > MAX_MS) {
      seen.over += 1;
      tell(`${Math.round(ms)} ms`, one);
    }
  } catch (error) {
    seen.crashed += 1;
    tell(String(error), one);
  }
});
fc.check(all, { numRuns: Number(cases), seed: Number(seed) });

times.sort((a, b) => a - b);
const at = (share: number): number =>
  Number((times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(3));
console.log(
  JSON.stringify({ seed: Number(seed), ...seen, ms: { p50: at(0.5), p99: at(0.99), max: at(1) }, examples }, null, 2),
);
process.exitCode = seen.crashed + seen.broken + seen.over === 0 ? 0 : 1;
