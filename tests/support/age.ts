import { armor, Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';

/** Somebody with a key, who reads age files by the library of age: with nothing of ours. */
export type Reader = {
  readonly identity: string;
  readonly recipient: string;
  /** @throws Error when it is not for them */
  readonly open: (file: Uint8Array | string) => Promise<string>;
};

export async function createReader(): Promise<Reader> {
  return readerWith(await generateX25519Identity());
}

export async function readerWith(identity: string): Promise<Reader> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return {
    identity,
    recipient: await identityToRecipient(identity),
    open: (file) => decrypter.decrypt(typeof file === 'string' ? armor.decode(file) : file, 'text'),
  };
}
