import { convert } from 'html-to-text';
import type { HtmlToTextOptions } from 'html-to-text';
import { TEXT_LENGTH_MAX } from './messages.ts';
import { tooLong, Unreadable } from './unreadable.ts';

const HEADINGS = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'];

const OPTIONS: HtmlToTextOptions = {
  wordwrap: false,
  // Else it is cut off. Files are bounded already.
  limits: { maxInputLength: Number.MAX_SAFE_INTEGER },
  selectors: [
    { selector: 'a', options: { ignoreHref: true } },
    { selector: 'img', format: 'skip' },
    { selector: 'table', format: 'dataTable', options: { uppercaseHeaderCells: false } },
    ...HEADINGS.map((selector) => ({ selector, options: { uppercase: false } })),
  ],
};

/** Returns the text of the body: no scripts, no addresses of links. @throws {Unreadable} */
export function htmlText(html: string): string {
  let text: string;
  try {
    text = convert(html, OPTIONS);
  } catch (error) {
    if (error instanceof RangeError) throw new Unreadable('its elements are nested too deeply', { cause: error });
    throw error;
  }
  if (text.length > TEXT_LENGTH_MAX) throw tooLong();
  return text;
}
