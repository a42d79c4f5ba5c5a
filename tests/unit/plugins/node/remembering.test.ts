import { expect, test } from 'vitest';
import type { Bundle } from '../../../../src/plugins/index.ts';
import { rememberingBundle } from '../../../../src/plugins/node/index.ts';

test('whatever is asked of a folder is looked up once', () => {
  const asked: string[] = [];
  const folder: Bundle = {
    root: '/srv/p',
    look: (path) => {
      asked.push(`look ${path}`);
      return { kind: 'absent' };
    },
    read: (path) => {
      asked.push(`read ${path}`);
      return { kind: 'text', text: path };
    },
    list: (path) => {
      asked.push(`list ${path}`);
      return [path];
    },
  };
  const bundle = rememberingBundle(folder);
  const ask = (): readonly unknown[] =>
    ['a', 'b'].flatMap((path) => [bundle.look(path), bundle.read(path), bundle.list(path)]);
  expect(ask()).toEqual(ask());
  expect(ask()).toEqual(['a', 'b'].flatMap((path) => [folder.look(path), folder.read(path), folder.list(path)]));
  expect(asked.slice(0, 6)).toEqual(['look a', 'read a', 'list a', 'look b', 'read b', 'list b']);
  expect(asked).toHaveLength(12);
});
