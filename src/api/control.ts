import type { Issue, JsonObject } from '../kernel/index.ts';
import type { ServerReport } from '../status/index.ts';
import type { Catalogue } from '../tools/index.ts';
import type { ConfigArgs } from './handshake.ts';

/** What a host says of itself. */
export type HostStatus = {
  readonly version: string;
  readonly pid: number;
  readonly home: string;
  /**
   * What it was started with; `project` is the folder whose files count, also where it was not given. Of overrides, which
   * may hold secrets, only what tells whether they are the same: see `overridesKey`.
   */
  readonly config: Pick<ConfigArgs, 'file' | 'project'> & { readonly overridesKey: string };
  /** HTTP endpoints that are open. */
  readonly endpoints: readonly string[];
  readonly clients: number;
  readonly servers: readonly ServerReport[];
  readonly issues: readonly Issue[];
};

/** One tool as agents see it, and whose it is. */
export type ToolView = {
  /** The exposed name. */
  readonly name: string;
  readonly server: string;
  /** What its server calls it. */
  readonly rawName: string;
  /** As the server listed it, every field. */
  readonly definition: JsonObject;
};

/** The tools of a catalogue, in its order. */
export function toolViews(catalogue: Catalogue): readonly ToolView[] {
  return catalogue.tools.flatMap((tool) => {
    const name = String(tool['name']);
    const route = catalogue.tool(name);
    return route === null ? [] : [{ name, server: route.server, rawName: route.name, definition: route.entry }];
  });
}
