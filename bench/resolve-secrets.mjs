/** Opens the secret store of HOME with SETTING, gets 50 secrets, and prints how long that took, loading included. Milliseconds. */
import module from 'node:module';

const start = performance.now();
// As bin/plugboard.js does.
module.enableCompileCache();
const built = (path) => import(new URL(`../dist/${path}/index.js`, import.meta.url).href);
const [{ Secret }, { createSecretStore, createKeyring }, { takeLock }, { createLocalExecutor }] = await Promise.all(
  ['kernel', 'secrets/node', 'storage/node', 'executors/node'].map(built),
);

const [home, setting, passphrase] = process.argv.slice(2);
const { runProgram } = createLocalExecutor({ log: () => {} });
const store = createSecretStore({
  home,
  setting,
  passphrase: passphrase === undefined ? null : async () => new Secret('passphrase', passphrase),
  keyring: createKeyring({ runProgram, env: process.env, waitMs: 700, onWait: () => {} }),
  takeLock,
  // Only what is written needs a folder.
  privateFolder: () => {},
  now: Date.now,
  onEvent: () => {},
});
const secrets = await store.open();
const consumer = { kind: 'server', name: 'docs' };
const found = Array.from({ length: 50 }, (_, index) => secrets.get(`SECRET_${index}`, consumer));
if (found.some(({ kind }) => kind !== 'found')) throw new Error('not all were found');
process.stdout.write(`${performance.now() - start}\n`, () => process.exit());
