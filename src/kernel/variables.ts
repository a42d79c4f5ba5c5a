/**
 * The variable of that name, in an environment.
 *
 * @returns undefined when it is unset. What every object has, such as `constructor`, is no variable.
 */
export function variableIn(env: Readonly<Record<string, string | undefined>>, name: string): string | undefined {
  return Object.hasOwn(env, name) ? env[name] : undefined;
}
