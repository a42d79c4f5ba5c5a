import { join, resolve } from 'node:path';
import { privateFolder } from '../../../api/node/index.ts';
import { AppError, nearest } from '../../../kernel/index.ts';
import { systemClock } from '../../../kernel/node/index.ts';
import type { TokenRecord } from '../../../storage/index.ts';
import { openStore, type Store } from '../../../storage/node/index.ts';
import { renderTable } from '../../render-table.ts';
import type { CliCommand, CliContext } from '../context.ts';

/** A token as it is shown: everything but the token. */
type ListedToken = Omit<TokenRecord, 'createdAt'> & {
  /** ISO 8601, UTC. */
  readonly createdAt: string;
};

type CreatedToken = { readonly schemaVersion: 1; readonly token: string } & ListedToken;

const NAME = { name: 'NAME', help: 'name of the token', required: true } as const;

const tokenCreate: CliCommand<CreatedToken> = {
  name: 'token create',
  summary: 'Create a token for the HTTP endpoint, and show it once',
  examples: ['plugboard token create cursor', 'TOKEN=$(plugboard token create ci --workspace .)'],
  args: [NAME],
  options: [
    { name: 'user', value: 'NAME', help: 'user it stands for' },
    { name: 'team', value: 'NAME', help: 'team it stands for' },
    { name: 'workspace', value: 'DIR', help: 'folder its holder works in' },
    { name: 'human', help: 'questions to its holder reach a person' },
  ],
  run: async (context, input) => {
    const name = input.args['NAME'] ?? '';
    if (!/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/.test(name)) {
      throw new AppError('USAGE', 'the name of a token has 1 to 64 letters, digits, or any of . _ @ -', {
        hint: 'for example: plugboard token create cursor',
      });
    }
    const { user, team, workspace } = input.values;
    const record: TokenRecord = {
      name,
      user: user ?? null,
      team: team ?? null,
      workspace: workspace === undefined ? null : resolve(context.cwd, workspace),
      human: input.flags.has('human'),
      createdAt: systemClock.now(),
    };
    const token = withStore(context, ({ tokens }) => tokens.create(record));
    return { schemaVersion: 1, token, ...listed(record) };
  },
  render: ({ name, token }, { err }) => {
    if (err.isTty) err.write(`Token '${name}', shown this once. Send it as: Authorization: Bearer TOKEN\n`);
    return token;
  },
  exitCode: () => 0,
};

const tokenList: CliCommand<readonly ListedToken[]> = {
  name: 'token list',
  summary: 'List the tokens of the HTTP endpoint, never their values',
  args: [],
  options: [],
  run: async (context) => withStore(context, ({ tokens }) => tokens.list().map(listed)),
  render: (tokens) =>
    tokens.length === 0
      ? "No tokens yet. Try 'plugboard token create NAME'."
      : renderTable(
          ['Name', 'User', 'Team', 'Workspace', 'Human', 'Created'],
          tokens.map(({ name, user, team, workspace, human, createdAt }) => [
            name,
            user ?? '-',
            team ?? '-',
            workspace ?? '-',
            human ? 'yes' : 'no',
            createdAt,
          ]),
        ),
  exitCode: () => 0,
};

type Revoked = { readonly schemaVersion: 1; readonly name: string };

const tokenRevoke: CliCommand<Revoked> = {
  name: 'token revoke',
  summary: 'End a token at once',
  args: [NAME],
  options: [],
  run: async (context, input) => {
    const name = input.args['NAME'] ?? '';
    withStore(context, ({ tokens }) => {
      if (tokens.revoke(name)) return;
      const near = nearest(
        name,
        tokens.list().map((token) => token.name),
      );
      throw new AppError('NOT_FOUND', `no token is called '${name}'`, {
        hint: near === null ? 'see: plugboard token list' : `did you mean '${near}'? See: plugboard token list`,
      });
    });
    return { schemaVersion: 1, name };
  },
  render: ({ name }) => `Revoked token '${name}'.`,
  exitCode: () => 0,
};

export const tokenCommands = [tokenCreate, tokenList, tokenRevoke] as readonly CliCommand[];

function withStore<T>(context: CliContext, use: (store: Store) => T): T {
  privateFolder(context.home);
  const store = openStore(join(context.home, 'plugboard.db'));
  try {
    return use(store);
  } finally {
    store.close();
  }
}

function listed({ createdAt, ...record }: TokenRecord): ListedToken {
  return { ...record, createdAt: new Date(createdAt).toISOString() };
}
