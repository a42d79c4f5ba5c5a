import { plainValue } from '../../../config/index.ts';
import type { Secret } from '../../../kernel/index.ts';
import { settingDefault, settingValueTexts } from '../../../settings/index.ts';
import { type FormField, planField, removeName, sentTexts } from '../../settings/settings-form.ts';
import { checkSetting, wrongText } from './check-setting.ts';
import { placesOf } from './read-given.ts';
import { changeOf, type SettingChange, type SettingsDesk } from './settings-desk.ts';

/** The form as one person fills it in, until everything is right. */
export type SettingsForm = {
  readonly fields: () => readonly FormField[];
  /** Checks what was sent. `wrong`: the fields say what is wrong, and hold what was right. */
  readonly take: (
    sent: URLSearchParams,
  ) => Promise<{ readonly kind: 'right'; readonly changes: readonly SettingChange[] } | { readonly kind: 'wrong' }>;
};

export async function createSettingsForm(desk: SettingsDesk): Promise<SettingsForm> {
  const first = await firstFields(desk);
  const places = placesOf(desk.context);
  // Sensitive values that are right wait here for the rest, and are never sent back to the page.
  const held = new Map<string, Secret>();
  let fields = first;

  const takeField = async (field: FormField, texts: readonly string[]): Promise<FormField | SettingChange | null> => {
    const { setting } = field;
    const shown = setting.sensitive ? [] : texts;
    const plan = planField(field, texts);
    switch (plan) {
      case 'keep': {
        const value = held.get(setting.key);
        return value === undefined ? null : { setting, to: 'secret', value, source: { how: 'prompt' } };
      }
      case 'unset':
        held.delete(setting.key);
        return { setting, to: 'unset' };
      case 'refuse':
        return { ...field, texts: shown, problem: 'is required' };
      case 'both':
        held.delete(setting.key);
        return { ...field, texts: shown, problem: 'has a new value and is to be removed: choose one' };
      case 'check': {
        const checked = await checkSetting(setting, texts, places);
        if (checked.kind === 'wrong') {
          held.delete(setting.key);
          return { ...field, texts: shown, problem: wrongText(checked) };
        }
        if (checked.kind === 'secret') held.set(setting.key, checked.value);
        return changeOf(setting, checked, { how: 'prompt' });
      }
      default:
        return plan satisfies never;
    }
  };

  return {
    fields: () => fields,
    take: async (sent) => {
      const changes: SettingChange[] = [];
      const next: FormField[] = [];
      for (const [index, field] of first.entries()) {
        const texts = sentTexts(field.setting, sent);
        const isHeld = held.has(field.setting.key);
        const removing = sent.has(removeName(field.setting));
        const taken = await takeField({ ...field, held: isHeld, removing }, texts);
        if (taken !== null && 'to' in taken) changes.push(taken);
        const wrong = taken !== null && 'problem' in taken ? taken : null;
        const shown = field.setting.sensitive ? [] : texts;
        next[index] = { ...(wrong ?? { ...field, texts: shown }), removing, held: held.has(field.setting.key) };
      }
      fields = next;
      return next.some(({ problem }) => problem !== null) ? { kind: 'wrong' } : { kind: 'right', changes };
    },
  };
}

async function firstFields(desk: SettingsDesk): Promise<readonly FormField[]> {
  const { context, plugin, pluginId } = desk;
  const places = placesOf(context);
  const states = new Map((await desk.states()).map((state) => [state.key, state]));
  const values = (await desk.config()).plugins.get(pluginId)?.values;
  return plugin.settings.flatMap((setting) => {
    const state = states.get(setting.key);
    if (state === undefined) return [];
    const current = state.from === 'config' && state.problem === null ? values?.get(setting.key) : undefined;
    const fallback = settingDefault(setting, places);
    return [
      {
        setting,
        state,
        texts: current === undefined ? [] : settingValueTexts(setting, plainValue(current), places),
        byDefault: fallback === null ? null : settingValueTexts(setting, fallback, places).join(', '),
        held: false,
        removing: false,
        problem: null,
      },
    ];
  });
}
