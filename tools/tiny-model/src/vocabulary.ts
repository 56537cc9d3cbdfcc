/**
 * A SentencePiece vocabulary: special tokens, one token per byte (so that any text can be encoded), printable
 * characters, and words. A word is reached by merging from the left, so every prefix of a word is a piece too.
 */
import { words } from './words.ts';

const tokenTypes = { normal: 1, unknown: 2, control: 3, byte: 6 } as const;
export type TokenRole = 'special' | 'end-of-turn' | 'byte' | 'newline' | 'fragment' | 'word' | 'punctuation';

export interface VocabularyEntry {
  readonly piece: string;
  readonly type: (typeof tokenTypes)[keyof typeof tokenTypes];
  /** Merging prefers the pair whose piece has the higher score. */
  readonly score: number;
  /** The role of the token, which determines its probability. */
  readonly role: TokenRole;
}

/** SentencePiece represents a space by this character. */
const SPACE = '▁';
const NEWLINE = 0x0a;
const PUNCTUATION = '.,;:!?';

export const specialTokens = {
  unknown: '<unk>',
  beginOfText: '<s>',
  endOfText: '</s>',
  startOfTurn: '<|im_start|>',
  endOfTurn: '<|im_end|>',
} as const;

/** The roles of a chat, which the chat template writes without a space before them. */
const unspacedWords = ['user', 'assistant', 'system'];

export function buildVocabulary(): VocabularyEntry[] {
  const entries = new Map<string, VocabularyEntry>();
  const add = (piece: string, type: VocabularyEntry['type'], role: TokenRole): void => {
    const known = entries.get(piece);
    const score = known?.score ?? (type === tokenTypes.normal ? -entries.size : 0);
    entries.set(piece, { piece, type, score, role });
  };

  for (const piece of Object.values(specialTokens)) {
    const type = piece === specialTokens.unknown ? tokenTypes.unknown : tokenTypes.control;
    add(piece, type, piece === specialTokens.endOfTurn ? 'end-of-turn' : 'special');
  }
  for (let byte = 0; byte < 256; byte += 1) {
    const hex = byte.toString(16).toUpperCase().padStart(2, '0');
    add(`<0x${hex}>`, tokenTypes.byte, byte === NEWLINE ? 'newline' : 'byte');
  }
  add(SPACE, tokenTypes.normal, 'fragment');
  for (let code = 0x21; code < 0x7f; code += 1) {
    const character = String.fromCharCode(code);
    add(character, tokenTypes.normal, PUNCTUATION.includes(character) ? 'punctuation' : 'fragment');
  }
  for (const word of [...words.map((text) => SPACE + text), ...unspacedWords]) {
    for (let length = 2; length < word.length; length += 1) {
      const beginning = word.slice(0, length);
      if (!entries.has(beginning)) add(beginning, tokenTypes.normal, 'fragment');
    }
    add(word, tokenTypes.normal, word.startsWith(SPACE) ? 'word' : 'fragment');
  }
  return [...entries.values()];
}
