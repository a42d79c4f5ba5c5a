import { type Located, type LocatedTable, read } from '../../config/index.ts';
import type { Issue } from '../../kernel/index.ts';
import type { ServerRequests } from '../types.ts';

/**
 * Takes out of a server what would loosen a limit, so that it is not in force: `required`, parallel calls, approvals
 * given beforehand. Values that ask for nothing, and wrong ones, stay for the check.
 */
export function takeRequests(table: LocatedTable): { readonly table: LocatedTable; readonly requests: ServerRequests } {
  const required = read.boolean(table, 'required') === true;
  const supportsParallelToolCalls = read.boolean(table, 'supports_parallel_tool_calls') === true;
  const approveAll = read.text(table, 'default_tools_approval_mode') === 'approve';
  const tools = read.tableAt(table, 'tools');
  const approveTools = [...(tools?.entries ?? [])].filter(([, tool]) => approves(tool)).map(([name]) => name);
  const entries = new Map(table.entries);
  if (required) entries.delete('required');
  if (supportsParallelToolCalls) entries.delete('supports_parallel_tool_calls');
  if (approveAll) entries.delete('default_tools_approval_mode');
  if (tools !== undefined && approveTools.length > 0) {
    entries.set('tools', {
      ...tools,
      entries: new Map([...tools.entries].map(([name, tool]) => [name, unapproved(tool)])),
    });
  }
  const requests = { required, supportsParallelToolCalls, approveAll, approveTools: approveTools.toSorted() };
  return { table: { ...table, entries }, requests };
}

function approves(tool: Located): boolean {
  return tool.kind === 'table' && read.text(tool, 'approval_mode') === 'approve';
}

function unapproved(tool: Located): Located {
  if (tool.kind !== 'table' || !approves(tool)) return tool;
  return { ...tool, entries: new Map([...tool.entries].filter(([key]) => key !== 'approval_mode')) };
}

/** What a server asks for, one sentence each, continuing "It asks …"; empty when it asks for nothing. */
export function describeRequests(requests: ServerRequests): readonly string[] {
  return [
    ...(requests.required ? ['to be required: agents are told when it does not start'] : []),
    ...(requests.supportsParallelToolCalls ? ['to run every tool beside other calls'] : []),
    ...(requests.approveAll ? ['to run every tool without your approval'] : []),
    ...requests.approveTools.map((tool) => `to run its tool \`${tool}\` without your approval`),
  ];
}

/** What is wrong with a plugin, without the note of its requests where they were accepted and so are in force. */
export function issuesInForce(issues: readonly Issue[], requestsAccepted: boolean): readonly Issue[] {
  return requestsAccepted ? issues.filter(({ code }) => code !== 'PLUGIN_REQUEST') : issues;
}
