import { describe, expect, test } from 'vitest';
import { checkPluginStart } from '../../../src/host/node/plugin-start.ts';
import { AppError } from '../../../src/kernel/index.ts';
import type { Integrity } from '../../../src/marketplace/index.ts';

const ID = 'poka@acme';
const owner = { pluginId: ID, server: 'poka', root: '/cache/poka', dataDir: '/data/poka' };
const check = (beforeStart: () => Promise<Integrity>) => checkPluginStart(owner, { beforeStart });

describe('right before a server of a plugin starts', () => {
  test('files that are as installed: it may', async () => {
    const found = { kind: 'intact', added: ['x'] } as const;
    expect(await check(async () => found)).toEqual({ found, block: null });
  });

  test('a file that was changed: it is blocked, with the path', async () => {
    const found = { kind: 'tampered', path: 'bin/x', change: 'changed' } as const;
    const block = { kind: 'blocked', reason: 'tampered', detail: 'bin/x', command: `run: plugboard plugin add ${ID}` };
    expect(await check(async () => found)).toEqual({ found, block });
  });

  test('no folder for data: it is not started without one, and the reason is its state', async () => {
    const where = '/data/poka';
    const error = new AppError('HOME_UNUSABLE', 'something that is no folder is in the way', { where, hint: 'h' });
    expect(await check(() => Promise.reject(error))).toEqual({
      found: null,
      block: {
        kind: 'invalid',
        issues: [
          {
            code: 'HOME_UNUSABLE',
            severity: 'error',
            message: 'the plugin has no folder for its data: something that is no folder is in the way',
            hint: 'h',
            file: where,
            plugin: ID,
          },
        ],
      },
    });
  });

  test('a fault of Plugboard itself stays one', async () => {
    await expect(check(() => Promise.reject(new TypeError('oops')))).rejects.toThrow('oops');
  });
});
