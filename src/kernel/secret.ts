/**
 * A value that must not be printed. Every way to turn it into text by accident gives `[secret LABEL]`;
 * only `reveal()` gives the value, and only the rooms at the edge may call it (tests/architecture).
 */
export class Secret {
  readonly #value: string;
  readonly label: string;

  constructor(label: string, value: string) {
    this.label = label;
    this.#value = value;
  }

  /** One secret of several parts; a text alone stays a text. */
  static join(label: string, parts: readonly (string | Secret)[]): string | Secret {
    const text = parts.map((part) => (typeof part === 'string' ? part : part.#value)).join('');
    return parts.some((part) => typeof part !== 'string') ? new Secret(label, text) : text;
  }

  /** One secret for each text of a JSON array; the secret itself where it is none. */
  items(): readonly Secret[] {
    const texts = textsIn(this.#value);
    return texts === null ? [this] : texts.map((text) => new Secret(this.label, text));
  }

  /** Without blanks around it; undefined where nothing else is in it. */
  trim(): Secret | undefined {
    const text = this.#value.trim();
    return text === '' ? undefined : new Secret(this.label, text);
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return `[secret ${this.label}]`;
  }

  toJSON(): string {
    return this.toString();
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

function textsIn(json: string): readonly string[] | null {
  try {
    const value = JSON.parse(json) as unknown;
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : null;
  } catch {
    return null;
  }
}
