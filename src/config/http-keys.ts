import type { KeyRow } from './key-types.ts';

const TOKEN_METHODS = ['client_secret_basic', 'client_secret_post'] as const;
const TEXT = { kind: 'text' } as const;

/** Keys of a server that is reached by HTTP. */
export const HTTP_KEYS: readonly KeyRow[] = [
  {
    key: 'url',
    type: { kind: 'url' },
    transport: 'http',
    default: null,
    doc: 'Address of the server, http or https; its presence makes this an HTTP server.',
    example: 'url = "https://mcp.example.com/mcp"',
  },
  {
    key: 'bearer_token_env_var',
    type: { kind: 'env_name' },
    transport: 'http',
    default: null,
    doc: 'Name of the variable that holds the token for `Authorization: Bearer`; looked up like those of `env_vars`.',
    example: 'bearer_token_env_var = "EXAMPLE_TOKEN"',
  },
  {
    key: 'bearer_token',
    type: { kind: 'any' },
    transport: 'http',
    default: null,
    doc: 'Refused: a token does not belong in this file. Use `bearer_token_env_var`.',
    example: 'bearer_token_env_var = "EXAMPLE_TOKEN"',
    sensitive: true,
    refused: {
      code: 'CONFIG_LITERAL_TOKEN',
      message: 'is refused, because a token does not belong in this file',
      hint: 'put the token into an environment variable and name that in `bearer_token_env_var`',
    },
  },
  {
    key: 'http_headers',
    type: { kind: 'map', placeholder: 'Header', names: 'header', of: TEXT },
    transport: 'http',
    default: {},
    sensitive: true,
    doc: 'Headers with literal values or references, sent with every request. A secret does not belong in this file: store it with `plugboard secret set NAME --for SERVER` and name it in `env_http_headers`.',
    example: 'http_headers = { X-Team = "blue" }',
  },
  {
    key: 'env_http_headers',
    type: { kind: 'map', placeholder: 'Header', names: 'header', of: { kind: 'env_name' } },
    transport: 'http',
    default: {},
    doc: 'Headers whose values come from variables, looked up like those of `env_vars`; a header whose variable is unset is left out.',
    example: 'env_http_headers = { X-Api-Key = "EXAMPLE_KEY" }',
  },
  {
    key: 'http_headers_helper',
    type: { kind: 'text', nonEmpty: true },
    transport: 'http',
    default: null,
    doc: 'A shell command that prints a JSON object of headers. `http_headers` wins where both name a header.',
    example: 'http_headers_helper = "./headers.sh"',
  },
  {
    key: 'ca_file',
    type: { kind: 'text', nonEmpty: true },
    transport: 'http',
    default: null,
    doc: 'PEM file with the certificate authority to trust beside the usual ones. A relative path starts at the folder of the config file.',
    example: 'ca_file = "~/certs/company-ca.pem"',
  },
  {
    key: 'client_cert_file',
    type: { kind: 'text', nonEmpty: true },
    transport: 'http',
    default: null,
    doc: 'PEM file with the client certificate; goes with `client_key_file`. Relative paths as in `ca_file`.',
    example: 'client_cert_file = "~/certs/me.pem"',
  },
  {
    key: 'client_key_file',
    type: { kind: 'text', nonEmpty: true },
    transport: 'http',
    default: null,
    doc: 'PEM file with the key of the client certificate.',
    example: 'client_key_file = "~/certs/me.key"',
  },
  {
    key: 'auth',
    type: { kind: 'one_of', values: ['oauth', 'chatgpt', 'ema_auth'] },
    transport: 'http',
    default: 'oauth',
    doc: 'How to sign in where no token is given.',
    example: 'auth = "oauth"',
    notYet: 'sign in in another way than with OAuth',
    quiet: ['oauth'],
  },
  {
    key: 'oauth',
    type: {
      kind: 'table',
      keys: [
        oauthKey('client_id', 'Client that was registered beforehand.'),
        { ...oauthKey('client_secret', 'Secret of that client; needs `client_id`.'), sensitive: true },
        oauthKey('callback_url', 'Address the browser comes back to.'),
        {
          key: 'callback_port',
          type: { kind: 'integer', min: 0, max: 65_535 },
          default: null,
          doc: 'Port the browser comes back to.',
          example: 'callback_port = 8976',
        },
        {
          key: 'token_endpoint_auth_method',
          type: { kind: 'one_of', values: TOKEN_METHODS },
          default: null,
          doc: 'How the client identifies itself; needs `auth = "ema_auth"`.',
          example: 'token_endpoint_auth_method = "client_secret_post"',
        },
        oauthKey('authorization_server_issuer', 'Issuer to use; needs `auth = "ema_auth"`.'),
      ],
    },
    transport: 'http',
    default: {},
    doc: 'Settings for the OAuth sign-in.',
    example: 'oauth = { client_id = "plugboard" }',
    notYet: 'set up the OAuth sign-in',
    quiet: [{}],
  },
  {
    key: 'oauth_resource',
    type: TEXT,
    transport: 'http',
    default: null,
    defaultText: 'the `url`',
    doc: 'Resource to ask a token for.',
    example: 'oauth_resource = "https://mcp.example.com"',
    notYet: 'name the resource of the OAuth sign-in',
  },
];

function oauthKey(key: string, doc: string): KeyRow {
  return { key, type: { kind: 'text', nonEmpty: true }, default: null, doc, example: `${key} = "…"` };
}
