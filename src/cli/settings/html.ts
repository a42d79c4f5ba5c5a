/** HTML that is safe to send: it can only be made by {@link html}, which escapes every text that is put into it. */
export class Html {
  readonly #markup: string;

  /** @param markup Written in the source of this program, never put together from outside. */
  constructor(markup: string) {
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }
}

/** Texts are escaped, `null` and `false` are nothing, lists are put one after the other. */
export type HtmlPart = string | number | Html | null | false | readonly HtmlPart[];

/** Markup as it stands, with parts in it. A part may stand in text or between the double quotes of an attribute. */
export function html(markup: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  return new Html(
    markup.map((text, index) => text + (index < parts.length ? rendered(parts[index] ?? null) : '')).join(''),
  );
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function rendered(part: HtmlPart): string {
  if (part === null || part === false) return '';
  if (part instanceof Html) return part.toString();
  if (typeof part === 'object') return part.map(rendered).join('');
  return String(part).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
