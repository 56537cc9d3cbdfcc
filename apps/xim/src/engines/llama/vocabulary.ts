/**
 * The bytes of each token of a model, from the tables in its file. A token may be a part of a character, so only its bytes are
 * well-defined; `Utf8Assembler` decodes them to text.
 */

/** The required tables of `tokenizer.ggml` in a GGUF file. */
export interface VocabularyTables {
  /** `llama` and `t5` encode a space as U+2581 and bytes as `<0x0A>`; `gpt2` encodes every byte as one character. */
  readonly model: string;
  readonly tokens: readonly string[];
  readonly token_type?: readonly number[];
}

const tokenTypes = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;
const NOTHING = new Uint8Array(0);

export class Vocabulary {
  readonly size: number;
  /** Length of the longest token, in UTF-16 code units. */
  readonly longestToken: number;
  /** The texts of the control tokens (`<|im_end|>`), longest first. */
  readonly controlTexts: readonly string[];
  readonly #tables: VocabularyTables;
  readonly #detokenize: (token: number) => string;

  /** @param detokenize returns the text of a token, for unknown kinds of vocabularies. */
  constructor(tables: VocabularyTables, detokenize: (token: number) => string) {
    this.#tables = tables;
    this.#detokenize = detokenize;
    this.size = tables.tokens.length;
    this.longestToken = tables.tokens.reduce((longest, text) => Math.max(longest, text.length), 1);
    this.controlTexts = tables.tokens
      .filter((text, token) => this.#typeOf(token) === tokenTypes.control && text !== '')
      .sort((a, b) => b.length - a.length);
  }

  /** Returns no bytes for control and unknown tokens, which are not text. */
  bytesOf(token: number): Uint8Array {
    const text = this.#tables.tokens[token];
    const type = this.#typeOf(token);
    if (text === undefined || type === tokenTypes.control || type === tokenTypes.unknown) return NOTHING;
    if (type === tokenTypes.userDefined) return Buffer.from(text);
    switch (this.#tables.model) {
      case 'llama':
      case 't5':
        return type === tokenTypes.byte ? namedByte(text) : Buffer.from(text.replaceAll('▁', ' '));
      case 'gpt2':
        return Uint8Array.from(text, (character) => byteOfCharacter.get(character) ?? UNMAPPED);
      default:
        return Buffer.from(this.#detokenize(token));
    }
  }

  /** Returns the text in the tables; for control tokens, which have no bytes. */
  textOf(token: number): string {
    return this.#tables.tokens[token] ?? '';
  }

  #typeOf(token: number): number {
    return this.#tables.token_type?.[token] ?? tokenTypes.normal;
  }
}

/** Substitute for a character of an invalid vocabulary that encodes no byte. */
const UNMAPPED = '?'.charCodeAt(0);

function namedByte(text: string): Uint8Array {
  const hex = /^<0x([0-9A-Fa-f]{2})>$/.exec(text)?.[1];
  return hex === undefined ? NOTHING : Uint8Array.of(Number.parseInt(hex, 16));
}

/**
 * Byte-level vocabularies encode printable Latin-1 characters as themselves and every other byte as the next unused
 * character from U+0100 on.
 */
const byteOfCharacter: ReadonlyMap<string, number> = new Map(
  (() => {
    const isPrintable = (byte: number): boolean =>
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
    let free = 0x100;
    return Array.from({ length: 256 }, (_, byte): [string, number] => {
      const code = isPrintable(byte) ? byte : free++;
      return [String.fromCharCode(code), byte];
    });
  })(),
);
