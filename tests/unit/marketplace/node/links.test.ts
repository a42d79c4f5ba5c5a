import { expect, test } from 'vitest';
import { leadsOut } from '../../../../src/marketplace/node/links.ts';

test.each<{ name: string; links: Readonly<Record<string, string>>; want: boolean }>([
  { name: 'to a file beside it', links: { a: 'b' }, want: false },
  { name: 'to the folder it is in', links: { a: '.' }, want: false },
  { name: 'up, and still inside', links: { 'x/y/a': '../../b' }, want: false },
  { name: 'to nothing', links: { a: 'none/at/all' }, want: false },
  { name: 'with slashes too many', links: { 'x/a': './/../b/' }, want: false },
  { name: 'in a circle', links: { a: 'b', b: 'a' }, want: false },
  { name: 'to itself', links: { a: 'a' }, want: false },
  { name: 'up and out', links: { a: '../b' }, want: true },
  { name: 'out and in again', links: { 'x/a': '../../top/x/b' }, want: true },
  { name: 'to the folder above', links: { a: '..' }, want: true },
  { name: 'to an absolute path', links: { a: '/etc' }, want: true },
  { name: 'to a drive', links: { a: 'C:\\x' }, want: true },
  { name: 'with the separator of Windows', links: { a: '..\\x' }, want: true },
  { name: 'through a folder that is a link itself', links: { a: 'd/../../x', d: 'p/q' }, want: false },
  {
    name: 'through a folder that is a link higher up',
    links: { 'p/q/a': 'd/../../x', 'p/q/d': '../../r' },
    want: true,
  },
  { name: 'through a link that leads out', links: { a: 'd/x', d: '/etc' }, want: true },
])('a link that leads $name: leads out is $want', ({ links, want }) => {
  const [first = ''] = Object.keys(links);
  expect(leadsOut(first, new Map(Object.entries(links)))).toBe(want);
});
