/** Content of an object while it is written. It remembers that it failed: its errors may look like those of the store. */
export class WatchedContent implements AsyncIterable<Uint8Array> {
  failure: { readonly error: unknown } | undefined;
  /** Bytes so far. */
  bytes = 0;
  readonly #content: AsyncIterable<Uint8Array>;

  constructor(content: AsyncIterable<Uint8Array>) {
    this.#content = content;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    let isConsuming = false;
    try {
      for await (const chunk of this.#content) {
        this.bytes += chunk.length;
        isConsuming = true;
        yield chunk;
        isConsuming = false;
      }
    } catch (error) {
      // A stream that is destroyed throws an error into its source, where it waits: that is not one of the content.
      if (!isConsuming) this.failure = { error };
      throw error;
    }
  }
}
