import { type LocatedTable, read } from '../../config/index.ts';
import { noteUnused } from '../manifest/manifest.ts';
import { fileOf, kindOf, type Reading, readJson, startOf, tell } from '../reading.ts';
import { type Declarations, membersOfAgent } from '../server/declarations.ts';
import { agentSchema } from './manifest.ts';

export type AgentDeclarations = Declarations & {
  /** Why none of the servers may run, completing "NAME …"; null when nothing is wrong with the file. */
  readonly refusal: string | null;
};

const FILE = 'mcp.json';
const NONE: AgentDeclarations = { servers: [], mcpPath: null, refusal: null };

/**
 * The servers of an Agent Plugins bundle: from `mcp.json`, which follows a closed schema. Where the file as a whole breaks
 * it, its servers are shown with that problem and none runs.
 *
 * @see Agent Plugins Specification 1.0.0 §7.2
 */
export function readAgentDeclarations(reading: Reading, version: string): AgentDeclarations {
  if (reading.bundle.look('.mcp.json').kind === 'file') {
    noteUnused(reading, '.mcp.json', `a bundle of Agent Plugins has its servers in ${FILE}`);
  }
  const outcome = readJson(reading, FILE);
  if (outcome.kind !== 'value') return NONE;
  if (outcome.value.kind !== 'table') {
    const message = `the file must hold an object, and holds ${kindOf(outcome.value)}`;
    reading.report({ code: 'PLUGIN_SCHEMA', severity: 'error', message, file: fileOf(reading.bundle, FILE) });
    return NONE;
  }
  const refusal = refusalOf(reading, outcome.value, version);
  const servers = membersOfAgent(reading, outcome.value);
  return { servers, mcpPath: servers.length > 0 ? FILE : null, refusal };
}

function refusalOf(reading: Reading, table: LocatedTable, version: string): string | null {
  const refused: string[] = [];
  const refuse = (key: string, message: string): void => {
    const value = table.entries.get(key);
    const place = value?.at ?? { ...startOf(reading.bundle, FILE), line: table.at.line, column: table.at.column };
    tell(reading, { key: [key], place }, { code: 'PLUGIN_SCHEMA', message: `${message}; none of the servers runs` });
    refused.push(key);
  };
  const schema = agentSchema(version, 'mcp');
  if (read.text(table, '$schema') !== schema) refuse('$schema', `must be "${schema}", as in the manifest`);
  const servers = table.entries.get('mcpServers');
  if (servers === undefined) refuse('mcpServers', 'is missing');
  else if (servers.kind !== 'table') refuse('mcpServers', `must be an object, and is ${kindOf(servers)}`);
  for (const key of table.entries.keys()) {
    if (key !== '$schema' && key !== 'mcpServers') refuse(key, `is not a key of ${FILE}`);
  }
  return refused.length === 0 ? null : `is not started: ${FILE} breaks its schema (${refused.slice(0, 3).join(', ')})`;
}
