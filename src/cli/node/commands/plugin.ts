import type { CliCommand } from '../context.ts';

/** The commands after `plugin` by their second word, each loaded only when it is called or shown in help. */
export const PLUGIN_COMMANDS: Readonly<Record<string, () => Promise<readonly CliCommand[]>>> = {
  add: async () => [(await import('./plugin-add.ts')).pluginAdd as CliCommand],
  list: async () => [(await import('./plugin-list.ts')).pluginList as CliCommand],
  show: async () => [(await import('./plugin-show.ts')).pluginShow as CliCommand],
  remove: async () => [(await import('./plugin-edit.ts')).pluginRemove as CliCommand],
  upgrade: async () => [(await import('./plugin-upgrade.ts')).pluginUpgrade as CliCommand],
  enable: async () => [(await import('./plugin-edit.ts')).pluginEnable as CliCommand],
  disable: async () => [(await import('./plugin-edit.ts')).pluginDisable as CliCommand],
  configure: async () => [(await import('./plugin-configure.ts')).pluginConfigure as CliCommand],
  marketplace: async () => (await import('./plugin-marketplaces.ts')).marketplaceCommands,
  validate: async () => [(await import('./plugin-validate.ts')).pluginValidate as CliCommand],
  new: async () => [(await import('./plugin-new.ts')).pluginNew as CliCommand],
  dev: async () => [(await import('./plugin-dev.ts')).pluginDev as CliCommand],
};
