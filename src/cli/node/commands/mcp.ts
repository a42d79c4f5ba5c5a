import type { CliCommand } from '../context.ts';

/** The commands after `mcp` by their second word, each loaded only when it is called or shown in help. */
export const MCP_COMMANDS: Readonly<Record<string, () => Promise<readonly CliCommand[]>>> = {
  list: async () => [(await import('./mcp-read.ts')).mcpList as CliCommand],
  get: async () => [(await import('./mcp-read.ts')).mcpGet as CliCommand],
  add: async () => [(await import('./mcp-edit.ts')).mcpAdd as CliCommand],
  remove: async () => [(await import('./mcp-edit.ts')).mcpRemove as CliCommand],
  enable: async () => [(await import('./mcp-edit.ts')).mcpEnable as CliCommand],
  disable: async () => [(await import('./mcp-edit.ts')).mcpDisable as CliCommand],
  restart: async () => [(await import('./mcp-run.ts')).mcpRestart as CliCommand],
  logs: async () => [(await import('./mcp-run.ts')).mcpLogs as CliCommand],
};
