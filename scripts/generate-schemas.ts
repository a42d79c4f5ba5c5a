/**
 * Makes `schemas/*.json`, for editors, from the tables of keys that parser and reference read too. `--check` only says
 * whether they are up to date.
 */
import type { KeyRow, KeyType } from '../src/config/index.ts';
import type { JsonObject, JsonValue } from '../src/kernel/index.ts';
import {
  INTERFACE_KEYS,
  MANIFEST_KEYS,
  type ManifestForm,
  type ManifestKey,
  PLUGIN_SERVER_KEYS,
  SETTING_KEYS,
} from '../src/plugins/index.ts';
import { writeGenerated } from './generated-file.ts';

const DRAFT = 'https://json-schema.org/draft/2020-12/schema';
const TEXT = { type: 'string' } as const;
const TEXTS = { type: 'array', items: TEXT } as const;
/** A path of the bundle. */
const PATH = { type: 'string', pattern: '^\\./(?!(?:.*/)?\\.\\.(?:/|$)).*' } as const;
const PATHS = { oneOf: [PATH, { type: 'array', items: PATH }] } as const;
const HTTPS = { type: 'string', pattern: '^https://' } as const;
/** Never fits. */
const REFUSED = { not: {} } as const;

function schemaOf(type: KeyType): JsonObject {
  switch (type.kind) {
    case 'text':
      return type.nonEmpty ? { ...TEXT, minLength: 1 } : TEXT;
    // Addresses may hold references, which are filled in later.
    case 'url':
      return TEXT;
    case 'env_name':
      return { ...TEXT, pattern: '^[^=\\s]+$' };
    case 'file_uri':
      return { ...TEXT, pattern: '^file://' };
    case 'boolean':
      return { type: 'boolean' };
    case 'integer':
      return {
        type: 'integer',
        minimum: type.min,
        ...(type.max === Number.MAX_SAFE_INTEGER ? {} : { maximum: type.max }),
      };
    case 'seconds':
      return { type: 'number', minimum: 0 };
    case 'one_of':
      return { enum: [...type.values] };
    case 'list':
      return { type: 'array', items: schemaOf(type.of) };
    case 'map':
      return { type: 'object', additionalProperties: schemaOf(type.of) };
    case 'table':
      return { type: 'object', properties: propertiesOf(type.keys) };
    case 'name_or_table':
      return {
        oneOf: [
          schemaOf(type.name),
          {
            type: 'object',
            properties: propertiesOf(type.keys),
            required: [type.keys[0]?.key ?? ''],
            additionalProperties: false,
          },
        ],
      };
    case 'any':
      return {};
    default:
      return type satisfies never;
  }
}

function propertiesOf(rows: readonly KeyRow[]): JsonObject {
  return Object.fromEntries(
    rows.map((row) => {
      const { key, type, doc, default: value, refused } = row;
      const fallback = value === null || refused !== undefined ? {} : { default: value };
      return [key, { description: doc, ...(refused === undefined ? schemaOf(type) : REFUSED), ...fallback }];
    }),
  );
}

/** Keys of OAuth have a second spelling, which Claude uses. */
function withAliases(properties: JsonObject): JsonObject {
  const { oauth, ...others } = properties;
  const inner = (oauth as { readonly properties: JsonObject }).properties;
  const camel = (key: string): string => key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const aliases = Object.fromEntries(Object.entries(inner).map(([key, value]) => [camel(key), value]));
  return { ...others, oauth: { ...(oauth as JsonObject), properties: { ...inner, ...aliases } } };
}

const SERVER: JsonObject = {
  type: 'object',
  title: 'MCP server',
  description: 'How to start it (`command`) or reach it (`url`), and how to treat its tools.',
  properties: withAliases(propertiesOf(PLUGIN_SERVER_KEYS)),
  oneOf: [{ required: ['command'] }, { required: ['url'] }],
};

const SERVER_MAP: JsonObject = {
  type: 'object',
  title: 'MCP servers by name',
  propertyNames: { pattern: '^[A-Za-z0-9_:@/.-]{1,128}$' },
  additionalProperties: { $ref: '#/$defs/server' },
};

/** Servers under `mcpServers`, or each at the top. */
const SERVERS: JsonObject = {
  type: 'object',
  title: 'MCP servers',
  properties: {
    mcpServers: { $ref: '#/$defs/serverMap' },
    mcp_servers: { description: 'In JSON the key is `mcpServers`.', ...REFUSED },
  },
  if: { required: ['mcpServers'] },
  else: { $ref: '#/$defs/flatServers' },
};

const FLAT: JsonObject = {
  type: 'object',
  properties: { $schema: TEXT },
  additionalProperties: { $ref: '#/$defs/server' },
};

const SERVER_DEFS: JsonObject = { server: SERVER, serverMap: SERVER_MAP, flatServers: FLAT, servers: SERVERS };

const SETTING: JsonObject = {
  type: 'object',
  title: 'Setting',
  description: 'A value that the plugin wants from its user. Servers refer to it as `${user_config.NAME}`.',
  properties: propertiesOf(SETTING_KEYS),
  if: { properties: { sensitive: { const: true } }, required: ['sensitive'] },
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  then: { not: { required: ['default'] } },
};

const AUTHOR: JsonObject = {
  type: 'object',
  properties: { name: { ...TEXT, minLength: 1 }, email: TEXT, url: HTTPS },
  required: ['name'],
};

const FORMS: Readonly<Record<Exclude<ManifestForm, 'face'>, JsonObject>> = {
  text: TEXT,
  texts: TEXTS,
  text_or_texts: { oneOf: [TEXT, TEXTS] },
  boolean: { type: 'boolean' },
  https: HTTPS,
  colour: { type: 'string', pattern: '^#[0-9A-Fa-f]{6}$' },
  path: PATH,
  paths: PATHS,
  author: { oneOf: [AUTHOR, TEXT] },
  settings: {
    type: 'object',
    propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_-]{0,63}$' },
    additionalProperties: { $ref: '#/$defs/setting' },
  },
  servers: {
    oneOf: [
      PATH,
      { $ref: '#/$defs/servers' },
      { type: 'array', items: { oneOf: [PATH, { $ref: '#/$defs/servers' }] } },
    ],
  },
  hooks: { oneOf: [PATH, { type: 'object' }, { type: 'array' }] },
  apps: { oneOf: [PATH, { type: 'object' }] },
  any: {},
};

function manifestProperties(rows: readonly ManifestKey[]): JsonObject {
  // `mcp_servers` is read, and an editor says all the same that it should not be there.
  return Object.fromEntries(
    rows.map(({ key, form, doc }) => [key, { description: doc, ...(key === 'mcp_servers' ? REFUSED : formOf(form)) }]),
  );
}

function formOf(form: ManifestForm): JsonObject {
  return form === 'face' ? { type: 'object', properties: manifestProperties(INTERFACE_KEYS) } : FORMS[form];
}

const AGENT_PLUGINS = 'https://agent-plugins.org/schemas/1.0.0';

/** Files that say they follow Agent Plugins 1.0.0 are closed: the standard has its own schemas; these are its main rules. */
function ifAgentPlugins(file: 'plugin' | 'mcp', rules: JsonObject, others: JsonObject): JsonObject {
  const schema: JsonValue = `${AGENT_PLUGINS}/${file}.schema.json`;
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  return { if: { properties: { $schema: { const: schema } }, required: ['$schema'] }, then: rules, else: others };
}

const AGENT_KEYS = [
  '$schema',
  'name',
  'version',
  'description',
  'author',
  'homepage',
  'repository',
  'license',
  'keywords',
  'extensions',
];

const AGENT_SERVER: JsonObject = {
  type: 'object',
  oneOf: [
    {
      properties: {
        type: { const: 'stdio' },
        command: { ...TEXT, minLength: 1 },
        args: TEXTS,
        env: { type: 'object', additionalProperties: TEXT },
        cwd: { type: 'string', pattern: '^(?:\\./|\\$\\{PLUGIN_(?:ROOT|DATA)\\}(?:/|$))' },
      },
      required: ['type', 'command'],
      additionalProperties: false,
    },
    {
      properties: {
        type: { enum: ['streamable-http', 'sse'] },
        url: { ...TEXT, minLength: 1 },
        headers: { type: 'object', additionalProperties: TEXT },
      },
      required: ['type', 'url'],
      additionalProperties: false,
    },
  ],
};

const plugin: JsonObject = {
  $schema: DRAFT,
  title: 'Manifest of a plugin',
  description:
    '`.codex-plugin/plugin.json`, `.claude-plugin/plugin.json`, `.cursor-plugin/plugin.json`, or `plugin.json` of Agent Plugins. See docs/plugins.md.',
  type: 'object',
  required: ['name'],
  properties: {
    name: { description: MANIFEST_KEYS[0]?.doc, type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$' },
  },
  ...ifAgentPlugins(
    'plugin',
    {
      propertyNames: { enum: AGENT_KEYS },
      properties: {
        name: { pattern: '^(?!.*(?:--|\\.\\.))[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$', maxLength: 64 },
        extensions: { type: 'object' },
      },
    },
    { properties: manifestProperties(MANIFEST_KEYS.filter(({ key }) => key !== 'name')) },
  ),
  $defs: { ...SERVER_DEFS, setting: SETTING },
};

const mcp: JsonObject = {
  $schema: DRAFT,
  title: 'MCP servers of a plugin',
  description: '`.mcp.json`, or `mcp.json` of Agent Plugins. See docs/plugins.md.',
  type: 'object',
  ...ifAgentPlugins(
    'mcp',
    {
      properties: { mcpServers: { type: 'object', additionalProperties: { $ref: '#/$defs/agentServer' } } },
      required: ['mcpServers'],
      propertyNames: { enum: ['$schema', 'mcpServers'] },
    },
    { $ref: '#/$defs/servers' },
  ),
  $defs: { ...SERVER_DEFS, agentServer: AGENT_SERVER },
};

writeGenerated('schemas/plugin.schema.json', `${JSON.stringify(plugin, null, 2)}\n`);
writeGenerated('schemas/mcp.schema.json', `${JSON.stringify(mcp, null, 2)}\n`);
