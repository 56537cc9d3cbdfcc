/** How many tokens a text has, counted by the pieces that it came in: for servers that do not say. */

/** English text has about four characters to a token. */
const CHARACTERS_PER_TOKEN = 4;
/** Below so many bytes to a piece on average, pieces are parts of tokens. A token of Chinese has more, one of English far more. */
const BYTES_PER_PIECE_MIN = 2.5;
/** Then so many bytes are taken for a token, which is more than text has on average. */
const BYTES_PER_TOKEN_MAX = 6;
/** Shorter pieces are a token, longer ones are looked at. */
const LONG_PIECE = 16;
const WORDS = /\S+/g;

export class TokenTally {
  #pieces = 0;
  #bytes = 0;
  #tokens = 0;
  /** Each piece is a token at least, and a long one as many as it has words. */
  #tokensAtLeast = 0;

  /** A piece of a stream. */
  add(text: string): void {
    if (text.length < LONG_PIECE) this.#count(text, 1, 1);
    else this.addWhole(text);
  }

  /** Text that was not streamed. */
  addWhole(text: string): void {
    this.#count(text, estimateTokens(text.length), text.match(WORDS)?.length ?? 1);
  }

  /** The likeliest number: a token for each piece, and for every four characters of a long one. */
  get tokens(): number {
    return this.#tokens;
  }

  /** No fewer than so many. A server that keeps a limit does not come far beyond it by this count. */
  get tokensAtLeast(): number {
    return this.#bytes < BYTES_PER_PIECE_MIN * this.#pieces
      ? Math.floor(this.#bytes / BYTES_PER_TOKEN_MAX)
      : this.#tokensAtLeast;
  }

  #count(text: string, tokens: number, tokensAtLeast: number): void {
    this.#pieces += 1;
    this.#bytes += Buffer.byteLength(text);
    this.#tokens += tokens;
    this.#tokensAtLeast += tokensAtLeast;
  }
}

export function estimateTokens(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}
