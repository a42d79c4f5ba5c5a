import { expect, test } from 'vitest';
import { PLUGIN_SERVER_KEYS } from '../../../src/plugins/index.ts';
import { NO_SERVER } from './sample-plugin.ts';

/** Keys of a server, by the fact of consent that tells of them. */
const TOLD: Readonly<Record<string, keyof typeof NO_SERVER>> = {
  command: 'command',
  args: 'command',
  env: 'valueDigests',
  env_vars: 'envNames',
  cwd: 'cwd',
  url: 'url',
  bearer_token_env_var: 'envNames',
  http_headers: 'valueDigests',
  headers: 'valueDigests',
  env_http_headers: 'envNames',
  http_headers_helper: 'headersHelper',
  headersHelper: 'headersHelper',
  ca_file: 'files',
  client_cert_file: 'files',
  client_key_file: 'files',
  enabled: 'enabled',
  required: 'requests',
  enabled_tools: 'enabledTools',
  disabled_tools: 'disabledTools',
  supports_parallel_tool_calls: 'requests',
  sharing: 'sharing',
  roots: 'roots',
  default_tools_approval_mode: 'requests',
  tools: 'requests',
  auth_model: 'authModel',
  data_classes: 'dataClasses',
};

/** Keys that say nothing of what runs, is contacted, read or told. */
const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  type: 'repeats what command and url say',
  startup_timeout_sec: 'how long to wait',
  startup_timeout_ms: 'how long to wait',
  tool_timeout_sec: 'how long to wait',
  max_connections: 'a limit',
  name: 'a label, which is not used',
};

/** Keys that are refused, or that this version does not act on. */
const NOT_ACTED_ON = PLUGIN_SERVER_KEYS.filter((row) => row.refused !== undefined || row.notYet !== undefined);

test('every key of a server is told to the user, or is known to have no effect on what they agree to', () => {
  const known = [...Object.keys(TOLD), ...Object.keys(WITHOUT_EFFECT), ...NOT_ACTED_ON.map(({ key }) => key)];
  expect(PLUGIN_SERVER_KEYS.map(({ key }) => key).filter((key) => !known.includes(key))).toEqual([]);
  expect(Object.values(TOLD).filter((fact) => !(fact in NO_SERVER))).toEqual([]);
});
