import type { CliCommand } from '../context.ts';
import { pluginAdd } from './plugin-add.ts';
import { pluginDev } from './plugin-dev.ts';
import { pluginDisable, pluginEnable, pluginRemove } from './plugin-edit.ts';
import { marketplaceAdd, marketplaceRemove } from './plugin-marketplace.ts';
import { pluginNew } from './plugin-new.ts';
import { marketplaceList, pluginList, pluginShow } from './plugin-read.ts';
import { marketplaceUpgrade, pluginUpgrade } from './plugin-upgrade.ts';
import { pluginValidate } from './plugin-validate.ts';

export const pluginCommands = [
  pluginAdd,
  pluginList,
  pluginShow,
  pluginRemove,
  pluginUpgrade,
  pluginEnable,
  pluginDisable,
  marketplaceAdd,
  marketplaceList,
  marketplaceUpgrade,
  marketplaceRemove,
  pluginValidate,
  pluginNew,
  pluginDev,
] as readonly CliCommand[];
