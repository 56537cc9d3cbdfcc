const DONE = '[DONE]';
const LINE_BREAK = /\r\n|\n|\r(?!$)/;

/** Yields the data of each server-sent event, parsed as JSON, until `[DONE]`. Comments and event names are ignored. */
export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<unknown, void, undefined> {
  let buffered = '';
  let data: string[] = [];
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const lines = (buffered + text).split(LINE_BREAK);
    buffered = lines.pop() as string;
    for (const line of lines) {
      if (line.startsWith('data:')) data.push(line.slice('data:'.length).replace(/^ /, ''));
      if (line !== '' || data.length === 0) continue;
      const event = data.join('\n');
      if (event === DONE) return;
      yield JSON.parse(event);
      data = [];
    }
  }
}
