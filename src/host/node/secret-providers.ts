import type { SecretProvider } from '../../config/index.ts';
import { type Executor, planEnvironment } from '../../executors/index.ts';
import { type Issue, Secret, variableIn } from '../../kernel/index.ts';
import type { EnvValues } from '../../servers/index.ts';

/** How long a provider may take, and how much it may print. */
const LIMIT_MS = 10_000;
const LIMIT_BYTES = 64 * 1024;

export type ProviderHouse = {
  readonly runProgram: Executor['runProgram'];
  readonly providers: ReadonlyMap<string, SecretProvider>;
  /** The environment of Plugboard. */
  readonly env: EnvValues;
  /** Absolute folder in which they run. */
  readonly cwd: string;
};

export type Provided = { readonly values: ReadonlyMap<string, Secret>; readonly issues: readonly Issue[] };

/**
 * Asks the programs of `[secret_providers]`, all of them at once. What they print is kept nowhere, and nothing of it is
 * ever in an issue.
 *
 * @param references Such as `op://vault/item`.
 * @param server Whose start it is for.
 */
export async function askProviders(
  references: readonly string[],
  server: string,
  house: ProviderHouse,
): Promise<Provided> {
  const answers = await Promise.all(
    references.map(async (reference) => [reference, await ask(reference, house)] as const),
  );
  return {
    values: new Map(answers.flatMap(([reference, answer]) => ('value' in answer ? [[reference, answer.value]] : []))),
    issues: answers.flatMap(([reference, answer]): readonly Issue[] => {
      if ('value' in answer) return [];
      const { code, severity } = { code: 'SECRET_PROVIDER_FAILED', severity: 'error' } as const;
      return [{ code, severity, message: `${reference}: ${answer.problem}`, hint: answer.hint, server }];
    }),
  };
}

type Answer = { readonly value: Secret } | { readonly problem: string; readonly hint: string };

async function ask(reference: string, { runProgram, providers, env, cwd }: ProviderHouse): Promise<Answer> {
  const scheme = reference.slice(0, reference.indexOf('://'));
  const provider = providers.get(scheme);
  const key = `secret_providers.${scheme}`;
  if (provider === undefined)
    return { problem: `there is no [${key}]`, hint: `write [${key}] with the command that gives it` };
  const hint = `run the command of [${key}] by hand; it may want you to sign in`;
  const named = provider.envVars.flatMap((name) => {
    const value = variableIn(env, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const given = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  const result = await runProgram([...provider.command, reference], {
    cwd,
    env: planEnvironment({ own: Object.fromEntries(named), values: new Map(given), platform: process.platform }),
    timeoutMs: LIMIT_MS,
    maxBytes: LIMIT_BYTES,
  });
  switch (result.kind) {
    case 'command_not_found':
      return { problem: `command not found: ${result.command}`, hint: `correct ${key}.command` };
    case 'cwd_not_found':
      return { problem: `working folder not found: ${result.cwd}`, hint };
    case 'failed':
      return { problem: `the command could not be started (${result.code})`, hint };
    case 'ran': {
      if (result.timedOut) return { problem: `the command did not end within ${LIMIT_MS / 1000} s`, hint };
      if (result.tooLarge) return { problem: `the command printed more than ${LIMIT_BYTES / 1024} KiB`, hint };
      const { code, signal } = result.exit;
      if (code !== 0) return { problem: `the command ended with ${signal ?? `exit status ${code}`}`, hint };
      const value = result.stdout.replace(/\r?\n$/, '');
      return value === '' ? { problem: 'the command printed nothing', hint } : { value: new Secret(reference, value) };
    }
    default:
      return result satisfies never;
  }
}
