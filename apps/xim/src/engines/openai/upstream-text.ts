/** Joins text that servers split into parts of several types, and into chunks that end within a character. */
import { asObject } from './upstream-json.ts';

const HIGH_SURROGATE_FIRST = 0xd800;
const HIGH_SURROGATE_LAST = 0xdbff;
const REPLACEMENT = '\ufffd';

/** Joins surrogate pairs that are split across chunks, and replaces lone surrogates with U+FFFD. */
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

  /** Returns the rest at the end of the text. */
  end(): string {
    const rest = this.#half === '' ? '' : REPLACEMENT;
    this.#half = '';
    return rest;
  }
}

/** The texts of a list of content parts. */
export interface PartTexts {
  content: string;
  reasoning: string;
  refusal: string;
}

/** Reads content parts in the formats of OpenAI, Mistral and Anthropic. Parts without text are ignored. */
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

/** Returns the joined texts of reasoning parts, without encrypted data and signatures. */
export function readReasoningParts(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(readReasoningParts).join('');
  const part = asObject(value);
  return part === undefined ? '' : reasoningOf(part);
}

/** `thinking` (Mistral, Anthropic), `text` and `summary` (OpenRouter), `content`. */
function reasoningOf({ thinking, text, summary, content }: Readonly<Record<string, unknown>>): string {
  for (const value of [thinking, text, summary, content]) {
    const read = readReasoningParts(value);
    if (read !== '') return read;
  }
  return '';
}

function stringIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
