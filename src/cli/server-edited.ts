/** What an edit of one server came to. `changed` is false where it was so already. */
export type ServerEdited = {
  readonly schemaVersion: 1;
  readonly name: string;
  readonly changed: boolean;
  /** `file:line` of what is there now, or the file that was changed. */
  readonly where: string;
  readonly message: string;
  readonly notes: readonly string[];
};

/**
 * What became of switching a server on or off.
 *
 * @param edit `file`: the user's file. `said`: the place that says so now; null where none does.
 */
export function switchedReport(
  { name, wanted }: { readonly name: string; readonly wanted: boolean },
  edit: { readonly changed: boolean; readonly file: string; readonly said: string | null },
  notes: readonly string[],
): ServerEdited {
  const { changed, file, said } = edit;
  return {
    schemaVersion: 1,
    name,
    changed,
    where: changed ? file : (said ?? file),
    message: `MCP server '${name}' is ${wanted ? 'enabled' : 'disabled'} ${changed ? 'now' : 'already'}.`,
    notes,
  };
}
