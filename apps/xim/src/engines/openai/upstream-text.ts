/** Text as servers cut it: into parts of several kinds, and into chunks that end in the middle of a character. */
import { asObject } from './upstream-json.ts';

const HIGH_SURROGATE_FIRST = 0xd800;
const HIGH_SURROGATE_LAST = 0xdbff;
const REPLACEMENT = '\ufffd';

/** Joins the halves of surrogate pairs that are cut across chunks, and replaces those that stay alone by U+FFFD. */
export class TextJoiner {
  #half = '';

  push(piece: string): string {
    if (piece === '') return '';
    let text = this.#half === '' ? piece : this.#half + piece;
    this.#half = '';
    const last = text.charCodeAt(text.length - 1);
    if (last >= HIGH_SURROGATE_FIRST && last <= HIGH_SURROGATE_LAST) {
      this.#half = text.slice(-1);
      text = text.slice(0, -1);
    }
    return text.isWellFormed() ? text : text.toWellFormed();
  }

  /** What is left when the text is over. */
  end(): string {
    const rest = this.#half === '' ? '' : REPLACEMENT;
    this.#half = '';
    return rest;
  }
}

/** What a list of content parts says. */
export interface PartTexts {
  content: string;
  reasoning: string;
  refusal: string;
}

/** Parts as OpenAI, Mistral and Anthropic have them. What is no text counts as nothing. */
export function readParts(value: unknown): PartTexts {
  const texts: PartTexts = { content: '', reasoning: '', refusal: '' };
  for (const part of Array.isArray(value) ? value : [value]) addPart(part, texts);
  return texts;
}

function addPart(value: unknown, texts: PartTexts): void {
  if (typeof value === 'string') texts.content += value;
  const part = asObject(value);
  if (part === undefined) return;
  const type = typeof part['type'] === 'string' ? part['type'] : 'text';
  if (type === 'text' || type === 'output_text') texts.content += stringIn(part['text']);
  else if (type === 'refusal') texts.refusal += stringIn(part['refusal']);
  else texts.reasoning += reasoningOf(part);
}

/** The texts of reasoning parts, joined. What is encrypted or signed is left out. */
export function readReasoningParts(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(readReasoningParts).join('');
  const part = asObject(value);
  return part === undefined ? '' : reasoningOf(part);
}

/** `thinking` (Mistral, Anthropic), `text` and `summary` (OpenRouter), `content`. */
function reasoningOf({ thinking, text, summary, content }: Readonly<Record<string, unknown>>): string {
  for (const told of [thinking, text, summary, content]) {
    const read = readReasoningParts(told);
    if (read !== '') return read;
  }
  return '';
}

function stringIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
