/** Reads a report of `vitest --reporter=json` and fails when a test was skipped, or when there was none. */
import { readFileSync } from 'node:fs';

type Report = {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
};

const [, , path = ''] = process.argv;
const report: Report = JSON.parse(readFileSync(path, 'utf8'));
const tests = report.testResults.flatMap((file) => file.assertionResults);
const skipped = tests.filter(({ status }) => status !== 'passed' && status !== 'failed');
for (const { fullName, status } of skipped) process.stderr.write(`${status}: ${fullName}\n`);
if (tests.length === 0) process.stderr.write('no test was run\n');
if (tests.length === 0 || skipped.length > 0) process.exitCode = 1;
