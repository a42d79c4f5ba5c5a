import type { CliCommand } from '../context.ts';
import { marketplaceList } from './plugin-list.ts';
import { marketplaceAdd, marketplaceRemove } from './plugin-marketplace.ts';
import { marketplaceUpgrade } from './plugin-upgrade.ts';

export const marketplaceCommands = [
  marketplaceAdd,
  marketplaceList,
  marketplaceUpgrade,
  marketplaceRemove,
] as readonly CliCommand[];
