import { isJsonObject, type JsonObject } from '../../kernel/index.ts';

/** Tells whether a tool of a list says of itself that it changes nothing. Keeps the names of the list it was asked of last. */
export function createReadOnlyTools(): (tools: readonly JsonObject[], name: unknown) => boolean {
  let last: { readonly of: unknown; readonly names: ReadonlySet<unknown> } = { of: null, names: new Set() };
  return (tools, name) => {
    if (last.of !== tools)
      last = { of: tools, names: new Set<unknown>(tools.filter(hasReadOnlyHint).map((entry) => entry['name'])) };
    return last.names.has(name);
  };
}

function hasReadOnlyHint(tool: JsonObject): boolean {
  const annotations = tool['annotations'];
  return isJsonObject(annotations) && annotations['readOnlyHint'] === true;
}
