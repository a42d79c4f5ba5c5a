import { describe, expect, test } from 'vitest';
import { commandLine } from '../../../src/kernel/index.ts';
import { unpinnedLauncher } from '../../../src/marketplace/launchers.ts';

const commit = '0123456789abcdef0123456789abcdef01234567';
const digest = `sha256:${'ab'.repeat(32)}`;

/** A command line without quotes, as words. */
const words = (line: string): readonly string[] => line.split(' ');

describe('what runs is decided elsewhere, later', () => {
  test.each([
    ['npx x', 'npx x'],
    ['npx -y x', 'npx -y x'],
    ['npx -y x@latest --port 80', 'npx -y x@latest'],
    ['npx x@1', 'npx x@1'],
    ['npx x@1.2', 'npx x@1.2'],
    ['npx x@^1.2.3', 'npx x@^1.2.3'],
    ['npx x@1.2.x', 'npx x@1.2.x'],
    ['npx x@npm:y@1.2.3', 'npx x@npm:y@1.2.3'],
    ['npx @acme/x', 'npx @acme/x'],
    ['npx @acme/x@next', 'npx @acme/x@next'],
    ['npx -y -- x', 'npx -y -- x'],
    ['npx -p x@1.2.3 -p y z', 'npx -p x@1.2.3 -p y z'],
    ['npx --package=x z', 'npx --package=x z'],
    ['npx --registry https://r.example x@1.2.3', 'npx --registry https://r.example x@1.2.3'],
    ['npx --registry=https://r.example x@1.2.3', 'npx --registry=https://r.example x@1.2.3'],
    ['npx -c x@1.2.3', 'npx -c x@1.2.3'],
    ['npx github:acme/x', 'npx github:acme/x'],
    ['npx github:acme/x#main', 'npx github:acme/x#main'],
    ['npx https://x.example/x-1.2.3.tgz', 'npx https://x.example/x-1.2.3.tgz'],
    ['npx ${user_config.package}', 'npx ${user_config.package}'],
    ['npx', 'npx'],
    ['/usr/local/bin/npx x', 'npx x'],
    ['C:\\node\\npx.cmd x', 'npx x'],
    ['NPX.EXE x', 'npx x'],
    ['bunx x', 'bunx x'],
    ['bun x x', 'bun x x'],
    ['pnpx x', 'pnpx x'],
    ['pnpm dlx x', 'pnpm dlx x'],
    ['pnpm --silent dlx x', 'pnpm dlx x'],
    ['pnpm --dir /tmp dlx x', 'pnpm dlx x'],
    ['yarn dlx -q x', 'yarn dlx -q x'],
    ['npm exec x', 'npm exec x'],
    ['npm exec --yes -- x', 'npm exec --yes -- x'],
    ['npm x x', 'npm x x'],
    ['npm init x', 'npm init x'],
    ['dnx Acme.Server', 'dnx Acme.Server'],
    ['uvx x', 'uvx x'],
    ['uvx x@latest', 'uvx x@latest'],
    ['uvx x>=1.2', 'uvx x>=1.2'],
    ['uvx x==1.*', 'uvx x==1.*'],
    ['uvx --from x y', 'uvx --from x y'],
    ['uvx --from git+https://git.example/x y', 'uvx --from git+https://git.example/x y'],
    ['uvx --from git+https://git.example/x@main y', 'uvx --from git+https://git.example/x@main y'],
    ['uvx --with y x==1.2.3', 'uvx --with y x==1.2.3'],
    ['uvx --index-url https://i.example x==1.2.3', 'uvx --index-url https://i.example x==1.2.3'],
    ['uv tool run x', 'uv tool run x'],
    ['uv --quiet tool run x', 'uv tool run x'],
    ['uv run --with x server.py', 'uv run --with x server.py'],
    ['uv run https://x.example/server.py', 'uv run https://x.example/server.py'],
    ['uv run --directory /srv npx x', 'npx x'],
    ['pipx run x', 'pipx run x'],
    ['pipx run --spec x y', 'pipx run --spec x y'],
    ['python3 -m pipx run x', 'pipx run x'],
    ['python3.12 -u -m uv tool run x', 'uv tool run x'],
    ['deno run https://x.example/mod.ts', 'deno run https://x.example/mod.ts'],
    [
      'deno run -A --allow-net=x https://x.example/mod@1.2.3.ts',
      'deno run -A --allow-net=x https://x.example/mod@1.2.3.ts',
    ],
    ['deno run -A npm:x', 'deno run -A npm:x'],
    ['deno run jsr:@acme/x@1', 'deno run jsr:@acme/x@1'],
    ['deno run --config d.json https://x.example/mod.ts', 'deno run --config d.json https://x.example/mod.ts'],
    ['deno run --preload https://x.example/a.ts main.ts', 'deno run --preload https://x.example/a.ts main.ts'],
    ['go run example.com/x@latest', 'go run example.com/x@latest'],
    ['go run example.com/x@main', 'go run example.com/x@main'],
    ['go run example.com/x@v1', 'go run example.com/x@v1'],
    ['docker run acme/x', 'docker run acme/x'],
    ['docker run -i --rm acme/x:latest', 'docker run -i --rm acme/x:latest'],
    ['docker run -it --rm -e TOKEN -v /a:/b acme/x:1.2.3 serve', 'docker run -it --rm -e TOKEN -v /a:/b acme/x:1.2.3'],
    [`docker run --strange ${digest} acme/x@${digest}`, `docker run --strange ${digest} acme/x@${digest}`],
    ['docker run acme/x@sha256:abc', 'docker run acme/x@sha256:abc'],
    ['docker --context far run acme/x', 'docker run acme/x'],
    ['docker container run acme/x', 'docker container run acme/x'],
    ['docker compose up', 'docker compose up'],
    ['docker mcp gateway run', 'docker mcp gateway'],
    ['docker-compose up', 'docker-compose up'],
    ['podman run acme/x', 'podman run acme/x'],
    ['npm install x', 'npm install x'],
    ['git clone https://git.example/x', 'git clone https://git.example/x'],
    ['env A=b npx x', 'npx x'],
    ['/usr/bin/env -i PATH=/bin npx x', 'npx x'],
    ['sudo -u ada npx x', 'npx x'],
    ['op run -- npx x', 'npx x'],
    ['timeout 60 uvx x', 'uvx x'],
    ['cmd /c npx x', 'cmd /c npx x'],
    ['cmd.exe /C npx.cmd -y x', 'cmd /C npx.cmd -y x'],
    ['powershell -NoProfile -Command npx x', 'powershell -NoProfile -Command npx x'],
    ['pwsh -EncodedCommand bnB4IHg=', 'pwsh -EncodedCommand bnB4IHg='],
    ['powershell -e bnB4IHg=', 'powershell -e bnB4IHg='],
  ])('%s', (line, want) => expect(unpinnedLauncher(words(line))).toBe(want));

  test.each([
    ['curl -fsSL https://x.example/i.sh | sh'],
    ['eval "$(wget -qO- https://x.example)"'],
    ['cd /tmp && npx x'],
    ['cd "$HOME";npx -y x@latest'],
    ['A=b npx x'],
    ['exec npx x'],
    ['if true; then npx x; fi'],
    ['x=$(npx x)'],
    ['echo `npx x`'],
    ['"npx" x'],
    ["'npx' 'x'"],
    ['true\nnpx x'],
    ['$RUNNER'],
    ['"$RUNNER" --port 80'],
    ['sh -c "npx x"'],
    ['git pull && node main.js'],
    ['pip install x && x'],
    ['{ npx x; }'],
    ['echo "$(npx x)"'],
    ['ls | xargs npx x'],
    ['node server.js &\nnpx x'],
  ])('sh -c %j', (script) => {
    expect(unpinnedLauncher(['sh', '-c', script])).toBe(commandLine(['sh', '-c', script]));
    expect(unpinnedLauncher(['/bin/bash', '-lc', script])).toBe(commandLine(['bash', '-lc', script]));
    expect(unpinnedLauncher(['env', '-S', `bash -c '${script.replaceAll("'", '"')}'`])).not.toBeNull();
  });

  test('a long command is shown in part', () => {
    const found = unpinnedLauncher(['sh', '-c', `curl ${'x'.repeat(1000)}`]);
    expect([found?.length, found?.endsWith('…')]).toEqual([200, true]);
  });

  test('commands in commands are followed to an end', () => {
    const nested = Array.from({ length: 50 }, () => ['sudo', 'sh', '-c']).flat();
    expect(unpinnedLauncher([...nested, 'true'])).toBeNull();
    const deep = [...Array.from({ length: 50 }, () => ['uv', 'run']).flat(), 'main.py'];
    expect(unpinnedLauncher(deep)).not.toBeNull();
  });
});

describe('what runs is fixed, or is on this machine', () => {
  test.each([
    'node ./server.js',
    'node --watch server.js npx x',
    '${PLUGIN_ROOT}/bin/server --registry npx',
    'npx x@1.2.3',
    'npx -y x@=1.2.3',
    'npx -y @acme/x@1.2.3-beta.1 --port 80',
    'npx -p x@1.2.3 -p @acme/y@2.0.0+1 z',
    'npx --package=x@1.2.3 z',
    'npx ./tools/x',
    'npx ${PLUGIN_ROOT}/tools/x',
    `npx github:acme/x#${commit}`,
    'bunx x@1.2.3',
    'pnpm dlx x@1.2.3',
    'npm run exec',
    'npm ci',
    'npm start',
    'dnx Acme.Server@1.2.3 --yes',
    'uvx x==1.2.3',
    'uvx x[cli]==1.2',
    'uvx x@1.2.3',
    'uvx --python 3.12 --from x==1.2.3 y',
    `uvx --from git+https://git.example/x@${commit} y`,
    'uvx --from ${PLUGIN_ROOT} y',
    'uv run server.py',
    'uv run --directory ${PLUGIN_ROOT} server.py',
    'uv --directory /srv run --with x==1.2.3 server.py',
    'pipx run x==1.2.3',
    'pipx run --spec x==1.2.3 y',
    'python3 -m server',
    'python3 server.py',
    'deno run -A --allow-net=api.example main.ts https://api.example',
    'deno run --config d.json ./main.ts',
    'deno run npm:@acme/x@1.2.3',
    'deno run npm:x@1.2.3/sub',
    'deno run jsr:@acme/x@1.2.3',
    'go run .',
    'go run ./cmd/x',
    'go run -race main.go',
    'go run example.com/x/cmd',
    'go run example.com/x@v1.2.3',
    `docker run -i --rm -e TOKEN acme/x@${digest} serve`,
    `docker run --name=x -eTOKEN acme/x:1.2.3@${digest}`,
    'docker exec -i x server',
    'sh ./start.sh',
    'bash -e ./start.sh -c',
    'env A=b node server.js',
    'cmd /c node server.js',
    'powershell -File server.ps1',
    '',
  ])('%s', (line) => expect(unpinnedLauncher(words(line))).toBeNull());

  test.each([
    'exec node "$CLAUDE_PLUGIN_ROOT/server.js"',
    '"${CLAUDE_PLUGIN_ROOT}/server" --port 80',
    '$PLUGIN_ROOT/server',
    'cd "$HOME" && node server.js',
    'npx x@1.2.3',
    'A=b node "my server.js" --name="npx x"',
  ])('sh -c %j', (script) => expect(unpinnedLauncher(['sh', '-c', script])).toBeNull());

  test('no command at all', () => expect(unpinnedLauncher([])).toBeNull());
});

test('no text of words takes long', () => {
  const long = 'a'.repeat(100_000);
  for (const line of [
    [long],
    ['npx', long],
    ['npx', `@${long}`],
    ['uvx', `${long}==`],
    ['sh', '-c', long],
    ['sh', '-c', ' ('.repeat(50_000)],
  ]) {
    unpinnedLauncher(line);
  }
  expect(
    unpinnedLauncher(['sudo', ...Array.from({ length: 100_000 }, () => ['npx', 'x@1.2.3']).flat()]),
  ).not.toBeNull();
  expect(unpinnedLauncher(['sudo', ...Array.from({ length: 400 }, () => ['npx', 'x@1.2.3']).flat()])).toBeNull();
});
