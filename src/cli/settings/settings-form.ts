import type { Setting } from '../../settings/index.ts';
import { missingSettings, type SettingState } from './setting-states.ts';

/** One setting on the page. */
export type FormField = {
  readonly setting: Setting;
  readonly state: SettingState;
  /** What stands in the field; of a sensitive one always nothing. */
  readonly texts: readonly string[];
  /** The value that counts when the field is left empty, for one with a default; null without. Never of a sensitive one. */
  readonly byDefault: string | null;
  /** A sensitive value that was sent before, while another field was wrong: it need not be typed again. */
  readonly held: boolean;
  /** Whether the stored sensitive value is to be taken away. */
  readonly removing: boolean;
  /** Completes "TITLE …". */
  readonly problem: string | null;
};

/** The name of a field in the form. The page's own names have no dot. */
export function fieldName({ key }: Pick<Setting, 'key'>): string {
  return `setting.${key}`;
}

/** The name of the box that takes a stored value away. */
export function removeName({ key }: Pick<Setting, 'key'>): string {
  return `remove.${key}`;
}

/** Only what is stored and never shown has such a box: any other field is emptied. */
export function isRemovable({ setting, state }: Pick<FormField, 'setting' | 'state'>): boolean {
  return setting.sensitive && state.from === 'secret';
}

/** What was sent for a setting: a list in a text area has one item in each line. Empty ones are none. */
export function sentTexts(setting: Setting, sent: URLSearchParams): readonly string[] {
  const all = sent.getAll(fieldName(setting));
  const lines = setting.multiple ? all.flatMap((text) => text.split(/\r\n|\r|\n/)) : all.slice(0, 1);
  const texts = setting.sensitive ? lines : lines.map((text) => text.trim());
  return texts.filter((text) => text !== '');
}

/** What a field asks for: `check` its texts and store them, `unset` what is stored, `keep` it, `refuse` to leave it out, or
 * refuse `both` a new value and the wish to have none. */
export type FieldPlan = 'check' | 'unset' | 'keep' | 'refuse' | 'both';

/** @param texts What was sent. */
export function planField(field: FormField, texts: readonly string[]): FieldPlan {
  const { setting, state, texts: before, held, removing } = field;
  if (removing && isRemovable(field)) return texts.length > 0 ? 'both' : 'unset';
  if (texts.length > 0) {
    const isSame = texts.length === before.length && texts.every((text, index) => text === before[index]);
    return isSame && !setting.sensitive && state.from === 'config' && state.problem === null ? 'keep' : 'check';
  }
  if (setting.sensitive) return !held && missingSettings([state]).length > 0 ? 'refuse' : 'keep';
  if (setting.required && setting.default === null) return 'refuse';
  return state.from === 'config' ? 'unset' : 'keep';
}
