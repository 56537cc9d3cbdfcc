/** A client of responses with the official SDK. It validates each response and each event, and the order of the events. */
import OpenAI from 'openai';
import type { Stream } from 'openai/streaming';
import { scripted } from './api-client.ts';
import type { OpenaiSchema } from './openai-schema.ts';

type Params = Partial<OpenAI.Responses.ResponseCreateParams> & Readonly<Record<string, unknown>>;
export type ResponseEvent = OpenAI.Responses.ResponseStreamEvent;
type Created = OpenAI.Responses.Response;
export type EventStream = Stream<ResponseEvent>;

export interface StreamedResponse {
  readonly events: readonly ResponseEvent[];
  /** Of the last event. */
  readonly response: Created;
  /** The joined deltas. */
  readonly text: string;
}

const ENDINGS = new Set(['response.completed', 'response.incomplete', 'response.failed']);

/** A text that the scripted engine obeys. */
export function scriptedText(script: Readonly<Record<string, unknown>>): string {
  const [message] = scripted(script).messages as [{ content: string }];
  return message.content;
}

export class ResponsesClient {
  readonly openai: OpenAI;
  readonly #schema: OpenaiSchema;
  readonly #model: string;

  constructor(
    { projectUrl, apiKey }: { readonly projectUrl: string; readonly apiKey: string },
    schema: OpenaiSchema,
    model = 'chat',
  ) {
    this.openai = new OpenAI({ baseURL: projectUrl, apiKey, maxRetries: 0 });
    this.#schema = schema;
    this.#model = model;
  }

  async create(params: Params): Promise<Created> {
    return (await this.createRaw(params)).response;
  }

  async createRaw(params: Params): Promise<{ response: Created; requestId: string }> {
    const { data, request_id: requestId } = await this.openai.responses
      .create({ model: this.#model, ...params, stream: false } as OpenAI.Responses.ResponseCreateParamsNonStreaming)
      .withResponse();
    return { response: this.#valid(data), requestId: requestId ?? '' };
  }

  async retrieve(id: string, query: OpenAI.Responses.ResponseRetrieveParamsNonStreaming = {}): Promise<Created> {
    return this.#valid(await this.openai.responses.retrieve(id, query));
  }

  async cancel(id: string): Promise<Created> {
    return this.#valid(await this.openai.responses.cancel(id));
  }

  /** The texts of the input of a response, in their order. */
  async inputTexts(id: string): Promise<string[]> {
    const texts: string[] = [];
    for await (const item of this.openai.responses.inputItems.list(id, { order: 'asc' }))
      texts.push((item as { content: { text: string }[] }).content.map(({ text }) => text).join(''));
    return texts;
  }

  open(params: Params): Promise<EventStream> {
    return this.openai.responses.create({
      model: this.#model,
      ...params,
      stream: true,
    } as OpenAI.Responses.ResponseCreateParamsStreaming);
  }

  /** All events of a new response. */
  async stream(params: Params): Promise<StreamedResponse> {
    return this.readAll(await this.open(params));
  }

  /** The events of a stored response after a number. */
  resume(id: string, after?: number): Promise<EventStream> {
    return this.openai.responses.retrieve(id, {
      stream: true,
      ...(after !== undefined && { starting_after: after }),
    });
  }

  /** Reads a stream to its end. @param first the expected number of the first event. */
  async readAll(stream: EventStream, first = 0): Promise<StreamedResponse> {
    const events: ResponseEvent[] = [];
    for await (const event of stream) events.push(this.#validEvent(event));
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, at) => first + at));
    const last = events.at(-1) as ResponseEvent & { response: Created };
    expect(events.filter(({ type }) => ENDINGS.has(type))).toEqual([last]);
    const text = events.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join('');
    return { events, response: withText(last.response), text };
  }

  /** Reads a stream until its first text. Returns the id of the response. */
  async untilText(stream: EventStream): Promise<string> {
    let id = '';
    for await (const event of stream) {
      if (event.type === 'response.created') id = event.response.id;
      if (event.type === 'response.output_text.delta') return id;
    }
    throw new Error('the stream has no text');
  }

  #valid(response: Created): Created {
    // The SDK adds it.
    const { output_text: _text, ...received } = response;
    this.#schema.expectValid('Response', JSON.parse(JSON.stringify(received)));
    return response;
  }

  #validEvent(event: ResponseEvent): ResponseEvent {
    return this.#schema.expectValid(this.#schema.eventSchema(event.type), event);
  }
}

/** As the SDK returns it. */
function withText(response: Created): Created {
  const parts = response.output.flatMap((item) => (item.type === 'message' ? item.content : []));
  const text = parts.map((part) => (part.type === 'output_text' ? part.text : '')).join('');
  return { ...response, output_text: text };
}
