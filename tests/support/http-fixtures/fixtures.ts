/** Starts fixtures and ends them after each test. */
import { afterEach } from 'vitest';
import { closeClients } from './client.ts';
import { type Proxy, startProxy } from './proxy.ts';
import { type Answer, type Fixture, type ServeOptions, serve } from './serve.ts';

export type Fixtures = {
  readonly serve: (answer: Answer, options?: ServeOptions) => Promise<Fixture>;
  readonly startProxy: typeof startProxy;
};

export function useFixtures(): Fixtures {
  const open: { readonly close: () => Promise<void> }[] = [];
  const keep = <T extends { readonly close: () => Promise<void> }>(one: T): T => {
    open.push(one);
    return one;
  };
  afterEach(async () => {
    await closeClients();
    await Promise.all(open.splice(0).map((one) => one.close()));
  });
  return {
    serve: async (answer, options) => keep(await serve(answer, options)),
    startProxy: async (options): Promise<Proxy> => keep(await startProxy(options)),
  };
}
