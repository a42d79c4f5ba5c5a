/** Makes `docs/errors.md` from the table of codes. `--check` only says whether it is up to date. */
import { ERROR_CODES, type ErrorCode, type ErrorCodeFacts } from '../src/kernel/index.ts';
import { writeGenerated } from './generated-file.ts';

/** Heading → how its codes begin. A code belongs to the first heading that fits; the last takes what is left. */
const SECTIONS: readonly (readonly [string, RegExp])[] = [
  ['Configuration files', /^(CONFIG|KEY)_/],
  ['Servers', /^UPSTREAM_/],
  ['Secrets', /^SECRET_/],
  ['The HTTP endpoint', /^HTTP_/],
  ['What agents ask', /^(UNKNOWN|TOOL|AMBIGUOUS|BAD|CLIENT|CALL|MESSAGE|METHOD|NOT_INITIALIZED)/],
  ['Command line, host and home', /^/],
];

const INTRO = `# Errors

<!-- Made from src/kernel/error-codes.ts by scripts/generate-error-docs.ts. Do not edit. -->

Every problem Plugboard reports has a code. A code is public: it is never renamed and never used for something else.

- On a terminal: \`plugboard: WHERE: message\`, and below it \`  what to do [CODE]\`. Without a place, \`WHERE: \` is left out.
- With \`--json\`, on standard error: \`{"error": {…}}\` with \`code\`, \`message\`, \`where\`, \`hint\` and \`data\`; what does not apply is left out.
- To an agent: a JSON-RPC error with the number below, and \`data.code\` and \`data.hint\`. Errors that a server sends itself are passed on as they are.
- Over HTTP, where the request as a whole is refused: the status below, with the JSON-RPC error as the body.

Problems in configuration files are *issues*: they have the same codes, a severity (\`error\`, \`warning\`, \`note\`), and a file, line, column and key.
They do not stop what is not affected.

Exit status: 0 ok · 1 something is wrong with what was asked about · 2 usage or configuration · 3 sign-in or approval needed · 4 timed out ·
5 denied. With several problems, the first of 2, 1, 4, 3, 5.
`;

function sectionOf(code: string): string {
  const found = SECTIONS.find(([, pattern]) => pattern.test(code));
  if (found === undefined) throw new Error(`${code} has no section`);
  return found[0];
}

function row([code, facts]: readonly [string, ErrorCodeFacts]): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  return `| <a id="${code.toLowerCase()}"></a>\`${code}\` | ${cell(facts.means)} | ${cell(facts.fix)} | ${facts.exit} | ${facts.http} | ${facts.rpc} |`;
}

function render(): string {
  const codes: (readonly [string, ErrorCodeFacts])[] = Object.entries<ErrorCodeFacts>(
    ERROR_CODES satisfies Record<ErrorCode, ErrorCodeFacts>,
  );
  const sections = SECTIONS.map(([title]) => {
    const rows = codes.filter(([code]) => sectionOf(code) === title).map(row);
    const head = '| code | what is wrong | what to do | exit | HTTP | JSON-RPC |\n|---|---|---|---|---|---|';
    return `## ${title}\n\n${head}\n${rows.join('\n')}\n`;
  });
  return [INTRO, ...sections].join('\n');
}

writeGenerated('docs/errors.md', render());
