import { type Issue, renderIssue } from '../kernel/index.ts';
import { renderServerLine, type ServerReport } from '../status/index.ts';

export type ServingFacts = {
  readonly version: string;
  readonly endpoint: string;
  readonly servers: readonly ServerReport[];
  readonly issues: readonly Issue[];
  readonly token:
    | { readonly kind: 'fresh'; readonly token: string }
    | { readonly kind: 'named'; readonly names: readonly string[] }
    | { readonly kind: 'none' };
  /** The process that had the endpoint open before; null when it closes with this command. */
  readonly servedBy: number | null;
  /** How a person calls this program from here. */
  readonly program: string;
  /** Set for an endpoint beside that of the home, to which `connect` and `mcp add` do not lead; without servers it says so. */
  readonly beside?: string;
};

/** What `serve` says when it is ready: the servers, the endpoint, and how an agent connects. */
export function renderServing(facts: ServingFacts): string {
  return [
    `Plugboard ${facts.version}`,
    '',
    ...serverLines(facts),
    '',
    ...connectLines(facts),
    '',
    facts.servedBy === null
      ? 'Ctrl-C ends it.'
      : `Ctrl-C leaves; the endpoint belongs to process ${facts.servedBy} and stays open.`,
  ].join('\n');
}

function serverLines({ servers, issues, program, beside }: ServingFacts): readonly string[] {
  const problems = issues.filter((issue) => issue.severity !== 'note').map((issue) => `  ${renderIssue(issue)}`);
  const width = Math.max(0, ...servers.map((report) => report.name.length));
  const lines = servers.map((report) => `  ${renderServerLine(report, width)}`);
  const first = [
    '  No servers yet. Add a first one:',
    `  ${program} mcp add memory -- npx -y @modelcontextprotocol/server-memory`,
    `  or a plugin: ${program} plugin marketplace add SOURCE, then ${program} plugin add PLUGIN`,
  ];
  return [
    ...(lines.length === 0 ? (beside === undefined ? first : [`  ${beside}`]) : lines),
    ...(problems.length === 0 ? [] : ['', ...problems]),
  ];
}

function connectLines({ endpoint, token, program, beside }: ServingFacts): readonly string[] {
  const line = (value: string): string =>
    `claude mcp add --transport http plugboard ${endpoint} --header "Authorization: Bearer ${value}"`;
  const codex = beside === undefined ? [`  Codex      ${program} connect codex`] : [];
  switch (token.kind) {
    case 'fresh':
      return [
        `  Endpoint   ${endpoint}`,
        `  Connect    ${line(token.token)}`,
        ...codex,
        '',
        '  The token above is shown this once; its name is local.',
      ];
    case 'named':
      return [
        `  Endpoint   ${endpoint}`,
        `  Connect    ${line('TOKEN')}`,
        ...codex,
        '',
        `  Tokens: ${token.names.join(', ')}. Another one: ${program} token create NAME`,
      ];
    case 'none':
      return [
        `  Endpoint   ${endpoint}`,
        `  Connect    ${line('TOKEN')}`,
        ...codex,
        '',
        `  There is no token yet. Make one: ${program} token create local`,
      ];
    default:
      return token satisfies never;
  }
}
