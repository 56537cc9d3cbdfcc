const DONE = '[DONE]';
const LINE_BREAK = /\r\n|\n|\r(?!$)/;

/** The data of each server-sent event as JSON, until `[DONE]`; comments and names of events are left out. */
export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<unknown, void, undefined> {
  let rest = '';
  let data: string[] = [];
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split(LINE_BREAK);
    rest = lines.pop() as string;
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
