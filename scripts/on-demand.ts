/** Programs that some scripts try Plugboard with, and that are too big or too foreign to be dependencies. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../tests/support/product.ts';

/**
 * Installs exact versions into a folder of this checkout, once. Install scripts do not run.
 *
 * @param folder Name of the folder, such as `.interop`. Git ignores it.
 * @returns The path of its `node_modules`.
 */
export function installOnDemand(folder: string, versions: Readonly<Record<string, string>>): string {
  const path = join(ROOT, folder);
  const modules = join(path, 'node_modules');
  const missing = Object.entries(versions).filter(([name, version]) => installedVersion(modules, name) !== version);
  if (missing.length === 0) return modules;
  mkdirSync(path, { recursive: true });
  const manifest = join(path, 'package.json');
  if (!existsSync(manifest)) writeFileSync(manifest, '{ "private": true }\n');
  const specs = missing.map(([name, version]) => `${name}@${version}`);
  process.stderr.write(`Installing ${specs.join(', ')} into ${folder} …\n`);
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--save-exact', '--loglevel=error'];
  const npm = spawnSync('npm', ['install', '--prefix', path, ...flags, ...specs], { stdio: ['ignore', 2, 2] });
  if (npm.status !== 0) throw new Error(`npm install of ${specs.join(' ')} failed with exit code ${npm.status}`);
  return modules;
}

function installedVersion(modules: string, name: string): string | undefined {
  const manifest = join(modules, name, 'package.json');
  if (!existsSync(manifest)) return undefined;
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version?: string }).version;
}
