import type { Issue } from '../../kernel/index.ts';
import type { EntryFacts, ParsedPlugin } from '../types.ts';

/**
 * What was read, where what the marketplace says of the plugin has the place of its entry, and the keys of the
 * marketplace's file, such as `plugins.2.mcpServers.NAME`.
 */
export function placeInEntry(read: ParsedPlugin, entry: EntryFacts | null): ParsedPlugin {
  if (entry === null) return read;
  const { plugin } = read;
  const issues = read.issues.map((issue) => placed(issue, entry));
  if (plugin === null) return { plugin, issues };
  const servers = plugin.servers.map((server) => {
    const problems = server.entry.problems.map((problem) => placed(problem, entry));
    return { ...server, entry: { ...server.entry, problems } };
  });
  return { plugin: { ...plugin, servers }, issues };
}

function placed(issue: Issue, { file, place }: EntryFacts): Issue {
  if (issue.file !== file || place === undefined) return issue;
  const { index, line, column } = place;
  const { key, message } = issue;
  if (key === undefined) return { ...issue, line, column };
  const full = `plugins.${index}.${key}`;
  return {
    ...issue,
    ...{ line, column, key: full },
    message: message.startsWith(`${key} `) ? full + message.slice(key.length) : message,
  };
}
