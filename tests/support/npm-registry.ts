/** A real npm registry (verdaccio) on 127.0.0.1, in a folder of its own, to which anybody may publish. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Header } from 'tar';

export type Publication = {
  readonly name: string;
  readonly version: string;
  /** As `npm pack` makes it: gzipped tar. */
  readonly archive: Buffer;
  /** What the registry says of the archive. Default: the truth. */
  readonly integrity?: string;
};

export type NpmRegistry = {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  readonly publish: (publication: Publication) => Promise<void>;
  readonly close: () => Promise<void>;
};

export async function startNpmRegistry(): Promise<NpmRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'plugboard-npm-'));
  const { runServer } = await import('verdaccio');
  const server = await runServer({
    storage: join(folder, 'storage'),
    self_path: folder,
    auth: { htpasswd: { file: join(folder, 'htpasswd') } },
    uplinks: {},
    packages: { '**': { access: '$all', publish: '$all' } },
    log: { type: 'stdout', format: 'json', level: 'fatal' },
    web: { enable: false },
    max_body_size: '200mb',
  });
  // Making a large archive takes longer than connections are kept by default, and the next request would meet a closed one.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    url,
    publish: (publication) => publish(url, publication),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** What `npm publish` sends, with an archive that npm might not have made. */
async function publish(registry: string, { name, version, archive, integrity }: Publication): Promise<void> {
  const file = `${name.split('/').at(-1)}-${version}.tgz`;
  const dist = {
    tarball: new URL(`${name}/-/${file}`, registry).href,
    shasum: createHash('sha1').update(archive).digest('hex'),
    integrity: integrity ?? `sha512-${createHash('sha512').update(archive).digest('base64')}`,
  };
  const response = await fetch(new URL(name.replace('/', '%2f'), registry), {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      _id: name,
      name,
      'dist-tags': { latest: version },
      versions: { [version]: { _id: `${name}@${version}`, name, version, dist } },
      _attachments: {
        [file]: { content_type: 'application/octet-stream', data: archive.toString('base64'), length: archive.length },
      },
    }),
  });
  if (!response.ok) throw new Error(`not published: ${response.status} ${await response.text()}`);
}

/** One entry of an archive. Paths are written as they are, however hostile. */
export type TarEntry = {
  readonly path: string;
  readonly type?: 'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'CharacterDevice' | 'FIFO';
  readonly text?: string;
  readonly mode?: number;
  readonly linkpath?: string;
  /** What the header claims, where that is not the length of the text. */
  readonly size?: number;
};

/** A gzipped tar archive, byte by byte: also one that no tool would make. */
export function tarball(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap(({ path, type = 'File', text = '', mode = 0o644, linkpath, size }) => {
    const content = Buffer.from(text);
    const header = Buffer.alloc(512);
    const more = linkpath === undefined ? {} : { linkpath };
    new Header({ path, type, mode, size: size ?? content.length, mtime: new Date(0), uid: 0, gid: 0, ...more }).encode(
      header,
    );
    return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

/** The archive of a package: these files, and its package.json. */
export function packageArchive(
  { name, version }: Pick<Publication, 'name' | 'version'>,
  files: Readonly<Record<string, string>>,
): Buffer {
  const all = { 'package.json': JSON.stringify({ name, version }), ...files };
  return tarball(Object.entries(all).map(([path, text]) => ({ path: `package/${path}`, text })));
}
