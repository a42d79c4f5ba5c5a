/**
 * tools: what an agent sees. Exposed names, merged lists and the way back from a name or URI to its server, pages.
 *
 * It decides nothing about permission (the offers it gets are already filtered) and connects to nothing.
 * Called by host, gateway and cli.
 */
export {
  buildCatalogue,
  type Catalogue,
  type Offer,
  type ResourceAnswer,
  type ResourceRoute,
  type Route,
} from './catalogue.ts';
export { exposeNames, NAME_LIMIT, type RawName } from './naming.ts';
export { pageOf } from './paging.ts';
