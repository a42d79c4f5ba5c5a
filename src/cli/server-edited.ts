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
