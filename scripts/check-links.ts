/** Checks that every relative link in the documentation leads to a file, and every `#anchor` to a heading. */
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The anchors GitHub makes of a page's headings, and those written as `<a id="…">`. */
function anchorsOf(text: string): Set<string> {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '');
  const headings = [...prose.matchAll(/^#{1,6} +(.+)$/gm)].map((match) => slug(match[1] ?? ''));
  const ids = [...prose.matchAll(/<a id="([^"]+)">/g)].map((match) => match[1] ?? '');
  return new Set([...headings, ...ids]);
}

function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

/** What is wrong with one link of `file`, or null. */
function problem(file: string, link: string): string | null {
  if (/^[a-z]+:/.test(link)) return null;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? file : join(dirname(file), path);
  if (!existsSync(target)) return 'does not exist';
  if (anchor === undefined || statSync(target).isDirectory() || !target.endsWith('.md')) return null;
  return anchorsOf(readFileSync(target, 'utf8')).has(anchor) ? null : 'has no such heading';
}

const files = globSync(['*.md', '{docs,changes,examples,bench,tests}/**/*.md'], { cwd: ROOT }).map((file) =>
  join(ROOT, file),
);
const found = files.flatMap((file) => {
  const prose = readFileSync(file, 'utf8').replaceAll(/^```[\s\S]*?^```|`[^`\n]*`/gm, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
    const what = problem(file, link);
    return what === null ? [] : [`${relative(ROOT, file)}: ${link} ${what}`];
  });
});
for (const line of found) process.stderr.write(`${line}\n`);
if (found.length > 0) process.exitCode = 1;
