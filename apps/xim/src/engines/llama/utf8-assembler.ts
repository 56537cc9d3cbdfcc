/**
 * Puts text together from bytes that come in pieces cut anywhere: a character is given out when its last byte is there,
 * and never in halves. Bytes that can no longer become a character come out as U+FFFD; an incomplete character at the
 * very end never comes out.
 */
export class Utf8Assembler {
  // Without `ignoreBOM` the decoder would swallow a byte order mark, which may be a part of the text.
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  push(bytes: Uint8Array): string {
    return bytes.length === 0 ? '' : this.#decoder.decode(bytes, { stream: true });
  }
}
