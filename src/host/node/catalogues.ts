import { type JsonObject, localCaller } from '../../kernel/index.ts';
import { admit } from '../../policy/index.ts';
import { buildCatalogue, type Catalogue, exposeNames, type Offer } from '../../tools/index.ts';
import type { Upstream } from '../../upstreams/node/index.ts';

/** Who asks where no caller is known yet: lists do not differ between callers. */
const NOBODY = localCaller();

/** The views of the running servers, built when first asked for and kept until something changes. */
export class Catalogues {
  readonly #upstreams: ReadonlyMap<string, Upstream>;
  readonly #built = new Map<string | null, Catalogue>();

  constructor(upstreams: ReadonlyMap<string, Upstream>) {
    this.#upstreams = upstreams;
  }

  forget(): void {
    this.#built.clear();
  }

  /** @param server The one server of the view, or null for all. */
  of(server: string | null): Catalogue {
    let catalogue = this.#built.get(server);
    if (catalogue === undefined) {
      catalogue = buildCatalogue(this.#offers(server), {
        form: server === null ? 'merged' : 'single',
        visible: (name, tool) => this.#visible(name, tool),
      });
      this.#built.set(server, catalogue);
    }
    return catalogue;
  }

  /** Counts the tools of a server that are shown. */
  visibleCount(server: string): (tools: readonly JsonObject[]) => number {
    return (tools) => tools.filter((tool) => this.#visible(server, String(tool['name']))).length;
  }

  /** Whether an exposed name looks like one of this server's. */
  mayOwn(server: string, exposed: string): boolean {
    const [prefix] = exposeNames([{ server, name: '' }]);
    return prefix !== undefined && exposed.startsWith(prefix);
  }

  #visible(server: string, tool: string): boolean {
    const upstream = this.#upstreams.get(server);
    return upstream !== undefined && admit({ caller: NOBODY, server: upstream.settings, tool }).kind === 'allow';
  }

  #offers(server: string | null): readonly Offer[] {
    return [...this.#upstreams]
      .filter(([name]) => server === null || name === server)
      .map(([name, upstream]) => ({ server: name, ...upstream.lists }));
  }
}
