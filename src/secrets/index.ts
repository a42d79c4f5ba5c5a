/**
 * secrets: values that the user stores once, and who may read which. Names, consumers, what a change, an import or a move
 * does, what is shown.
 *
 * A value is held as a `Secret` and never looked at here; it is bound to its consumers, and nobody else gets it. Files,
 * keys and the keyring are behind `node/`. Called by `host` and `cli`.
 */
export { type ListedSecret, listSecrets, type SecretReader } from './listing.ts';
export { consumerText, isSameConsumer, parseConsumer, parseSecretName } from './names.ts';
export {
  type Consumer,
  KEY_FILES,
  type KeyHolder,
  PASSPHRASE_VARIABLE,
  SECRETS_FILE,
  type SecretDocument,
  type SecretLookup,
  type SecretRef,
  type SecretSource,
  STORE_SETTINGS,
  type StoreEvent,
  type StoreSetting,
} from './types.ts';
export { MAX_READ_BYTES, parseValue, parseValueBytes, valueText, valueTooLong } from './value.ts';
