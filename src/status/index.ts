/**
 * status: what is told about servers. One report per server, its line of text, and the state of those that never start.
 *
 * It asks nobody and connects to nothing. Called by host and cli.
 */
export { issuesOfFiles } from './file-issues.ts';
export {
  type ReportFacts,
  renderServerLine,
  reportServer,
  type ServerReport,
  staticState,
} from './report.ts';
export { requiredIssues } from './required.ts';
