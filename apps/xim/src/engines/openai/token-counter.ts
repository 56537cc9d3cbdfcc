/** Estimates token counts from the received pieces of a text, for servers that do not report the usage. */

/** English text has about four characters per token. */
const CHARACTERS_PER_TOKEN = 4;
/** With fewer bytes per piece on average, pieces are parts of tokens: Chinese tokens have more bytes, English ones far more. */
const BYTES_PER_PIECE_MIN = 2.5;
/** Bytes per token that are assumed then; more than the average of texts. */
const BYTES_PER_TOKEN_MAX = 6;
/** Shorter pieces count as one token. */
const LONG_PIECE = 16;
const WORDS = /\S+/g;

export class TokenCounter {
  #pieces = 0;
  #bytes = 0;
  #tokens = 0;
  /** At least one token per piece, and one per word of a long piece. */
  #tokensMin = 0;

  /** Adds a piece of a stream. */
  add(text: string): void {
    if (text.length < LONG_PIECE) this.#count(text, 1, 1);
    else this.addWhole(text);
  }

  /** Adds text that was not streamed. */
  addWhole(text: string): void {
    this.#count(text, estimateTokens(text.length), text.match(WORDS)?.length ?? 1);
  }

  /** The estimate: one token per piece, and one per four characters of a long piece. */
  get tokens(): number {
    return this.#tokens;
  }

  /** A lower bound. A server that respects a token limit does not exceed it much by this count. */
  get tokensMin(): number {
    return this.#bytes < BYTES_PER_PIECE_MIN * this.#pieces
      ? Math.floor(this.#bytes / BYTES_PER_TOKEN_MAX)
      : this.#tokensMin;
  }

  #count(text: string, tokens: number, tokensMin: number): void {
    this.#pieces += 1;
    this.#bytes += Buffer.byteLength(text);
    this.#tokens += tokens;
    this.#tokensMin += tokensMin;
  }
}

export function estimateTokens(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}
