/**
 * The bytes that each token of a model stands for, from the tables in its file. A token may be a part of a character,
 * so bytes are the only honest answer; text is put together from them by `Utf8Assembler`.
 */

/** The tables of a GGUF file's `tokenizer.ggml`, as far as they are needed here. */
export interface VocabularyTables {
  /** `llama` and `t5` write a space as U+2581 and name bytes `<0x0A>`; `gpt2` writes every byte as one character. */
  readonly model: string;
  readonly tokens: readonly string[];
  readonly token_type?: readonly number[];
}

const tokenTypes = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;
const NOTHING = new Uint8Array(0);

export class Vocabulary {
  readonly size: number;
  /** The longest text that one token can stand for, in UTF-16 units. */
  readonly longestToken: number;
  /** The texts that the tokenizer turns into control tokens (`<|im_end|>`), longest first. */
  readonly controlTexts: readonly string[];
  readonly #tables: VocabularyTables;
  readonly #detokenize: (token: number) => string;

  /** `detokenize` is asked for the text of a token of a kind of vocabulary that is not known here. */
  constructor(tables: VocabularyTables, detokenize: (token: number) => string) {
    this.#tables = tables;
    this.#detokenize = detokenize;
    this.size = tables.tokens.length;
    this.longestToken = tables.tokens.reduce((longest, text) => Math.max(longest, text.length), 1);
    this.controlTexts = tables.tokens
      .filter((text, token) => this.#typeOf(token) === tokenTypes.control && text !== '')
      .sort((a, b) => b.length - a.length);
  }

  /** Nothing for control and unknown tokens: they are not text. */
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

  /** As the tables write it; for control tokens, which stand for no bytes. */
  textOf(token: number): string {
    return this.#tables.tokens[token] ?? '';
  }

  #typeOf(token: number): number {
    return this.#tables.token_type?.[token] ?? tokenTypes.normal;
  }
}

/** What a broken vocabulary gets for a character that stands for no byte. */
const UNMAPPED = '?'.charCodeAt(0);

function namedByte(text: string): Uint8Array {
  const hex = /^<0x([0-9A-Fa-f]{2})>$/.exec(text)?.[1];
  return hex === undefined ? NOTHING : Uint8Array.of(Number.parseInt(hex, 16));
}

/**
 * Byte-level vocabularies write printable Latin-1 characters as themselves and every other byte as the next free
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
