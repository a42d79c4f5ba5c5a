/** Writes a file that is at every moment the old or the new one, for its owner alone. */
export async function writeAtomically(file: string, text: string): Promise<void> {
  const { default: writeFileAtomic } = await import('write-file-atomic');
  await writeFileAtomic(file, text, { mode: 0o600 });
}
