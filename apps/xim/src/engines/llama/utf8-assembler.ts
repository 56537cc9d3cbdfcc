/**
 * Decodes a stream of bytes that may be split anywhere: a character is emitted with its last byte. Invalid bytes become U+FFFD;
 * an incomplete character at the end is never emitted.
 */
export class Utf8Assembler {
  // Without `ignoreBOM` the decoder would drop a byte order mark, which may be a part of the text.
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  push(bytes: Uint8Array): string {
    return bytes.length === 0 ? '' : this.#decoder.decode(bytes, { stream: true });
  }
}
