/** HTML in which every text is escaped, unless it is markup already. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | number | Markup | readonly Value[];

/** Not called `html`, so that no formatter adds the white space that it takes for harmless. */
export function markup(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(strings.reduce((text, string, at) => text + textOf(values[at - 1] ?? '') + string));
}

function textOf(value: Value): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === 'object') return value.map(textOf).join('');
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A description: what stands in backticks is code, and a blank line begins a paragraph. */
export function prose(text: string): Markup {
  return markup`${text.split('\n\n').map((paragraph) => markup`<p>${inline(paragraph)}</p>`)}`;
}

export function inline(text: string): Markup {
  return markup`${text.split('`').map((part, at) => (at % 2 === 0 ? part : markup`<code>${part}</code>`))}`;
}
