import type { CliCommand } from '../context.ts';
import { mcpAdd, mcpDisable, mcpEnable, mcpRemove } from './mcp-edit.ts';
import { mcpGet, mcpList } from './mcp-read.ts';
import { mcpLogs, mcpRestart } from './mcp-run.ts';

export const mcpCommands = [
  mcpList,
  mcpGet,
  mcpAdd,
  mcpRemove,
  mcpEnable,
  mcpDisable,
  mcpRestart,
  mcpLogs,
] as readonly CliCommand[];
