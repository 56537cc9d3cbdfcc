import { EventSourceParserStream } from 'eventsource-parser/stream';

const DONE = '[DONE]';

/** Yields the data of each server-sent event, parsed as JSON, until `[DONE]`. Comments and event names are ignored. */
export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<unknown, void, undefined> {
  const events = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const { data } of events) {
    if (data === DONE) return;
    yield JSON.parse(data);
  }
}
