import type { JsonObject } from '../kernel/index.ts';
import { exposeNames } from './naming.ts';
import { matchesTemplate } from './uri-template.ts';

/** What one server offers, entries as it listed them. */
export type Offer = {
  readonly server: string;
  readonly tools: readonly JsonObject[];
  readonly prompts: readonly JsonObject[];
  readonly resources: readonly JsonObject[];
  readonly templates: readonly JsonObject[];
};

/** Where an exposed name leads. `name` is what the server calls it. */
export type Route = { readonly server: string; readonly name: string; readonly entry: JsonObject };

/** Where a URI leads. `uri` is what the server calls it. */
export type ResourceRoute = { readonly server: string; readonly uri: string };

export type ResourceAnswer =
  | { readonly kind: 'found'; readonly candidates: readonly ResourceRoute[] }
  | { readonly kind: 'ambiguous'; readonly uris: readonly string[] }
  | { readonly kind: 'unknown' };

/** One agent's view of several servers: the lists as it sees them, and the way back from each name. */
export type Catalogue = {
  readonly tools: readonly JsonObject[];
  readonly prompts: readonly JsonObject[];
  readonly resources: readonly JsonObject[];
  readonly templates: readonly JsonObject[];
  /** Also finds hidden tools: whether it may be called is not decided here. */
  readonly tool: (exposed: string) => Route | null;
  readonly prompt: (exposed: string) => Route | null;
  readonly resource: (uri: string) => ResourceAnswer;
  /** The URI under which `uri` of `server` appears here. */
  readonly exposeUri: (server: string, uri: string) => string;
};

export type CatalogueOptions = {
  /** `merged`: names carry their server. `single`: one server, everything as it says. */
  readonly form: 'merged' | 'single';
  /** Whether a tool is shown. A hidden one keeps its name, so that hiding one never renames another. */
  readonly visible: (server: string, tool: string) => boolean;
};

/** Builds the view. Entries keep every field; only a name or URI that has to differ makes a new object. */
export function buildCatalogue(offers: readonly Offer[], { form, visible }: CatalogueOptions): Catalogue {
  const tools = named(offers, 'tools', { form, visible });
  const prompts = named(offers, 'prompts', { form, visible: () => true });
  const uris = new UriBook(offers, form);
  return {
    tools: tools.entries,
    prompts: prompts.entries,
    resources: uris.expose('resources', 'uri'),
    templates: uris.expose('templates', 'uriTemplate'),
    tool: (exposed) => tools.routes.get(exposed) ?? null,
    prompt: (exposed) => prompts.routes.get(exposed) ?? null,
    resource: (uri) => uris.find(uri),
    exposeUri: (server, uri) => uris.exposeOne(server, uri),
  };
}

function named(
  offers: readonly Offer[],
  kind: 'tools' | 'prompts',
  { form, visible }: CatalogueOptions,
): { entries: readonly JsonObject[]; routes: ReadonlyMap<string, Route> } {
  const raw = offers.flatMap((offer) =>
    offer[kind].map((entry) => ({ server: offer.server, name: String(entry['name']), entry })),
  );
  const exposed = form === 'single' ? raw.map(({ name }) => name) : exposeNames(raw);
  const rows = raw.map((route, index) => ({ name: exposed[index] ?? route.name, route }));
  if (form === 'merged') rows.sort((a, b) => (a.name < b.name ? -1 : 1));
  const shown = rows.filter(({ route }) => visible(route.server, route.name));
  return {
    entries: shown.map(({ name, route }) => (name === route.name ? route.entry : { ...route.entry, name })),
    routes: new Map(rows.map(({ name, route }) => [name, route])),
  };
}

const PREFIX = 'plugboard://';

/** URIs stay as they are unless two servers offer the same one; then each carries its server. */
class UriBook {
  readonly #offers: readonly Offer[];
  readonly #shared: ReadonlySet<string>;
  readonly #servers: ReadonlyMap<string, readonly string[]>;

  constructor(offers: readonly Offer[], form: CatalogueOptions['form']) {
    this.#offers = offers;
    const servers = new Map<string, string[]>();
    for (const offer of offers) {
      for (const uri of new Set([
        ...offer.resources.map((entry) => entry['uri']),
        ...offer.templates.map((entry) => entry['uriTemplate']),
      ])) {
        if (typeof uri === 'string') servers.set(uri, [...(servers.get(uri) ?? []), offer.server]);
      }
    }
    this.#servers = servers;
    this.#shared = new Set(
      form === 'single' ? [] : [...servers].filter(([, names]) => names.length > 1).map(([uri]) => uri),
    );
  }

  exposeOne(server: string, uri: string): string {
    return this.#shared.has(uri) ? prefixed(server, uri) : uri;
  }

  expose(kind: 'resources' | 'templates', key: 'uri' | 'uriTemplate'): readonly JsonObject[] {
    return this.#offers.flatMap((offer) =>
      offer[kind].map((entry) => {
        const uri = String(entry[key]);
        return this.#shared.has(uri) ? { ...entry, [key]: prefixed(offer.server, uri) } : entry;
      }),
    );
  }

  /** Listed URIs first, then templates, then whoever offers resources at all; several candidates are tried in order. */
  find(uri: string): ResourceAnswer {
    const own = this.#unprefix(uri);
    if (own !== null) return { kind: 'found', candidates: [own] };
    const listed = this.#servers.get(uri) ?? [];
    if (listed.length > 1) return { kind: 'ambiguous', uris: listed.map((server) => prefixed(server, uri)) };
    if (listed[0] !== undefined) return { kind: 'found', candidates: [{ server: listed[0], uri }] };
    const byTemplate = this.#offers.filter((offer) =>
      offer.templates.some((entry) => matchesTemplate(String(entry['uriTemplate']), uri)),
    );
    const scheme = schemeOf(uri);
    const others = this.#offers.filter((offer) =>
      offer.resources.some((entry) => schemeOf(String(entry['uri'])) === scheme),
    );
    const candidates = [...new Set([...byTemplate, ...others])].map((offer) => ({ server: offer.server, uri }));
    return candidates.length === 0 ? { kind: 'unknown' } : { kind: 'found', candidates };
  }

  #unprefix(uri: string): ResourceRoute | null {
    if (!uri.startsWith(PREFIX)) return null;
    const rest = uri.slice(PREFIX.length);
    const offer = this.#offers.find(({ server }) => rest.startsWith(`${encodeURIComponent(server)}/`));
    if (offer === undefined) return null;
    return { server: offer.server, uri: rest.slice(encodeURIComponent(offer.server).length + 1) };
  }
}

/** The scheme and separator stay readable, and a template stays a template: only the front is added. */
function prefixed(server: string, uri: string): string {
  return `${PREFIX}${encodeURIComponent(server)}/${uri}`;
}

function schemeOf(uri: string): string {
  return uri.slice(0, Math.max(uri.indexOf(':'), 0)).toLowerCase();
}
