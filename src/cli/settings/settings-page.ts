import { type Html, type HtmlPart, html } from './html.ts';
import { STYLE } from './page-style.ts';
import { settingTitle } from './setting-states.ts';
import { type FormField, fieldName, isRemovable, removeName } from './settings-form.ts';

export type SettingsPage = {
  readonly pluginId: string;
  /** That asks for the same settings. */
  readonly command: string;
  /** What people call the plugin. */
  readonly title: string;
  readonly description: string | null;
  readonly fields: readonly FormField[];
  /** What went wrong with storing; null when nothing did. */
  readonly failure: string | null;
  /** Counts for one sending of the form. */
  readonly formToken: string;
  readonly path: string;
  readonly nonce: string;
};

/** The form with all settings of a plugin. It needs no script. */
export function settingsPage(page: SettingsPage): Html {
  const { pluginId, command, title, description, fields, path, formToken } = page;
  const wrong = fields.filter(({ problem }) => problem !== null);
  const first = wrong[0]?.setting.key ?? null;
  const secrets = fields.some(({ setting }) => setting.sensitive);
  const body = html`<header>
      <p class="eyebrow">Plugboard</p>
      <h1>Settings of ${title}</h1>
      <p class="id">${pluginId}</p>
      ${description === null ? null : html`<p>${description}</p>`}
    </header>
    ${summary(page, wrong)}
    <form method="post" action="${path}" autocomplete="off" novalidate>
      <input type="hidden" name="form" value="${formToken}">
      ${fields.map((field) => fieldOf(field, field.setting.key === first))}
      <div class="actions"><button type="submit">Save</button></div>
    </form>
    <footer>
      <p>Nothing leaves this machine: this page comes from the command in your terminal, and closes when you save.</p>
      ${
        secrets
          ? html`<p>Secret values are stored encrypted, and shown to nobody. For a value of several lines, such as a key file, use this instead:
              <code>${command} --from-file KEY=PATH</code></p>`
          : null
      }
    </footer>`;
  return document({ title: `${wrong.length > 0 ? 'Not saved: ' : ''}Settings of ${title}`, body, nonce: page.nonce });
}

/** After saving, and in place of the form for whoever may not have it. */
export function messagePage(page: {
  readonly title: string;
  readonly lines: readonly string[];
  readonly good: boolean;
  readonly nonce: string;
}): Html {
  const { title, lines, good, nonce } = page;
  const body = html`<div class="message">
      <p class="eyebrow">Plugboard</p>
      <h1><span class="${good ? 'mark good' : 'mark bad'}" aria-hidden="true">${good ? '✓' : '!'}</span>${title}</h1>
      ${lines.map((line) => html`<p>${line}</p>`)}
    </div>`;
  return document({ title, body, nonce });
}

function document(of: { readonly title: string; readonly body: Html; readonly nonce: string }): Html {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${of.title} · Plugboard</title>
    <style nonce="${of.nonce}">${STYLE}</style>
  </head>
  <body>
    <main>${of.body}</main>
  </body>
</html>
`;
}

function summary({ failure }: SettingsPage, wrong: readonly FormField[]): Html | null {
  if (failure === null && wrong.length === 0) return null;
  const count = wrong.length === 1 ? 'One value needs' : `${wrong.length} values need`;
  const heading = failure === null ? `${count} another look; nothing was saved yet` : 'It could not be saved';
  return html`<div class="summary" role="alert" aria-labelledby="summary-title">
      <h2 id="summary-title">${heading}</h2>
      ${failure === null ? null : html`<p>${failure}</p>`}
      ${
        wrong.length === 0
          ? null
          : html`<ul>
              ${wrong.map((field) => html`<li><a href="#${idOf(field)}">${sentence(field)}</a></li>`)}
            </ul>`
      }
    </div>`;
}

function sentence({ setting, problem }: FormField): string {
  return `${settingTitle(setting)} ${problem ?? ''}`;
}

function idOf({ setting }: FormField): string {
  return `field-${setting.key}`;
}

function fieldOf(field: FormField, focused: boolean): Html {
  const { setting, problem } = field;
  const id = idOf(field);
  const description = setting.description === '' ? null : html`<span id="${id}-about">${setting.description}</span>`;
  const note = noteOf(field);
  const help =
    description === null && note === null
      ? null
      : html`<p class="help" id="${id}-help">${description} ${note === null ? null : html`<span class="note">${note}</span>`}</p>`;
  const error =
    problem === null
      ? null
      : html`<p class="error" id="${id}-error"><span class="hidden">Error: </span>${sentence(field)}</p>`;
  const described = [...(help === null ? [] : [`${id}-help`]), ...(error === null ? [] : [`${id}-error`])].join(' ');
  const secret = setting.sensitive ? html` <span class="secret">secret</span>` : null;
  const mark = setting.required
    ? html` <span class="required">required</span>${secret}`
    : html` <span class="optional">optional</span>${secret}`;
  const choices = setting.multiple ? setting.enum : null;
  if (choices !== null && !setting.sensitive)
    return html`<fieldset class="${problem === null ? 'field' : 'field wrong'}" id="${id}" tabindex="-1" aria-describedby="${described}">
      <legend>${settingTitle(setting)}${mark}</legend>
      ${help}${error}${boxes(field, choices.map(String), focused)}
    </fieldset>`;
  const attributes: Attributes = { id, name: fieldName(setting), described, focused, required: setting.required };
  return html`<div class="${problem === null ? 'field' : 'field wrong'}">
      <label for="${id}">${settingTitle(setting)}${mark}</label>
      ${help}${error}${control(field, attributes)}${removal(field)}
    </div>`;
}

/** Its name says of which setting, for whoever hears it alone. */
function removal(field: FormField): Html | null {
  if (!isRemovable(field)) return null;
  const { setting, removing } = field;
  return html`<label class="box"><input type="checkbox" name="${removeName(setting)}" value="yes" ${selected(removing, 'checked')}><span>Remove the stored value<span class="hidden"> of ${settingTitle(setting)}</span></span></label>`;
}

/** What leaving the field empty means, and what may be written. */
function noteOf({ setting, state, byDefault, held }: FormField): string | null {
  const parts = [
    ...(setting.sensitive && held ? ['Entered. Leave empty to keep it.'] : []),
    ...(setting.sensitive && !held && state.from === 'secret' ? ['Set. Leave empty to keep it.'] : []),
    ...(setting.sensitive && setting.enum !== null ? [`One of: ${setting.enum.map(String).join(', ')}.`] : []),
    ...(setting.multiple && (setting.enum === null || setting.sensitive) ? ['One in each line.'] : []),
    ...(setting.type === 'directory' ? ['The path of a folder; ~ is your home.'] : []),
    ...(setting.type === 'file' ? ['The path of a file; ~ is your home.'] : []),
    ...(byDefault === null || setting.enum !== null || setting.type === 'boolean' ? [] : [`Default: ${byDefault}`]),
  ];
  return parts.length === 0 ? null : parts.join(' ');
}

type Attributes = {
  readonly id: string;
  readonly name: string;
  readonly described: string;
  readonly focused: boolean;
  readonly required: boolean;
};

function control(field: FormField, of: Attributes): Html {
  const { setting, texts, problem } = field;
  const shared = html`id="${of.id}" name="${of.name}" aria-describedby="${of.described}" aria-invalid="${problem === null ? 'false' : 'true'}" ${of.required ? html`aria-required="true"` : null} ${of.focused ? html`autofocus` : null} autocomplete="off" autocapitalize="none" spellcheck="false"`;
  const isLong = setting.multiple;
  if (setting.sensitive)
    return isLong
      ? html`<textarea ${shared} class="masked" rows="4"></textarea>`
      : html`<input type="password" ${shared} value="">`;
  if (setting.enum !== null && !isLong)
    return select(
      field,
      shared,
      setting.enum.map((one) => [String(one), String(one)]),
    );
  if (setting.type === 'boolean' && !isLong) {
    return select(field, shared, [
      ['true', 'Yes'],
      ['false', 'No'],
    ]);
  }
  if (isLong) return html`<textarea ${shared} rows="4">${texts.join('\n')}</textarea>`;
  const mode = setting.type === 'number' ? 'decimal' : 'text';
  return html`<input type="text" inputmode="${mode}" ${shared} value="${texts[0] ?? ''}">`;
}

function select(
  { texts, byDefault, setting }: FormField,
  shared: Html,
  choices: readonly (readonly [value: string, label: string])[],
): Html {
  const labelOf = (value: string): string => choices.find(([one]) => one === value)?.[1] ?? value;
  const none = byDefault !== null ? `Default: ${labelOf(byDefault)}` : setting.required ? 'Choose one' : 'Not set';
  return html`<select ${shared}>
      <option value="">${none}</option>
      ${choices.map(([value, label]) => html`<option value="${value}" ${selected(texts.includes(value), 'selected')}>${label}</option>`)}
    </select>`;
}

function boxes({ setting, texts, problem }: FormField, choices: readonly string[], focused: boolean): HtmlPart {
  return choices.map(
    (choice, index) =>
      html`<label class="box"><input type="checkbox" name="${fieldName(setting)}" value="${choice}" ${selected(texts.includes(choice), 'checked')} ${focused && index === 0 ? html`autofocus` : null} aria-invalid="${problem === null ? 'false' : 'true'}"> ${choice}</label>`,
  );
}

function selected(is: boolean, word: 'selected' | 'checked'): Html | null {
  if (!is) return null;
  return word === 'selected' ? html`selected` : html`checked`;
}
