/** What holds for the events of any response, whatever its model has written and whoever has run it. */

export interface ReadEvent {
  readonly type: string;
  readonly sequence_number: number;
  readonly output_index?: number;
  readonly content_index?: number;
  readonly summary_index?: number;
  readonly annotation_index?: number;
  readonly annotation?: unknown;
  readonly item_id?: string;
  readonly item?: ReadItem;
  readonly part?: ReadPart;
  readonly delta?: string;
  readonly text?: string;
  readonly refusal?: string;
  readonly arguments?: string;
  readonly input?: string;
  readonly logprobs?: unknown[];
  readonly response?: { readonly status: string; readonly output: ReadItem[] };
}

interface ReadPart {
  readonly type: string;
  readonly text?: string;
  readonly refusal?: string;
  readonly annotations?: unknown[];
  readonly logprobs?: unknown[];
}

interface ReadItem {
  readonly id: string;
  readonly type: string;
  readonly status?: string;
  readonly [field: string]: unknown;
}

const ENDINGS = ['response.completed', 'response.incomplete', 'response.failed'];
const PART_OF_DELTA: Readonly<Record<string, string>> = {
  'response.output_text': 'output_text',
  'response.refusal': 'refusal',
  'response.reasoning_text': 'reasoning_text',
  'response.reasoning_summary_text': 'summary_text',
};
const CALLS = ['response.function_call_arguments', 'response.custom_tool_call_input'];

/** Checks all events of a response that has ended. @throws {Error} for the first one that must not be there. */
export function checkEvents(jsons: readonly string[]): ReadEvent[] {
  const events = jsons.map((json) => JSON.parse(json) as ReadEvent);
  const reader = new GrammarReader();
  for (const [at, event] of events.entries()) {
    try {
      if (event.sequence_number !== at) throw new Error(`has number ${event.sequence_number}`);
      if (at === 0 && event.type !== 'response.created') throw new Error('is the first one');
      reader.read(event);
    } catch (error) {
      throw new Error(`event ${at} ${JSON.stringify(event)}: ${(error as Error).message}`, { cause: error });
    }
  }
  if (!reader.hasEnded) throw new Error('the last event is not the end');
  return events;
}

interface Call {
  input: string;
  isDone: boolean;
}

class OpenPart {
  readonly part: ReadPart;
  readonly index: number;
  readonly annotations: unknown[] = [];
  readonly logprobs: unknown[] = [];
  text = '';
  isTextDone = false;

  constructor(part: ReadPart, index: number) {
    this.part = part;
    this.index = index;
  }
}

class GrammarReader {
  hasEnded = false;
  readonly #started = new Set<string>();
  readonly #done: ReadItem[] = [];
  readonly #ids = new Set<string>();
  #item: ReadItem | undefined;
  #parts: ReadPart[] = [];
  #part: OpenPart | undefined;
  #call: Call | undefined;

  read(event: ReadEvent): void {
    if (this.hasEnded) throw new Error('comes after the end');
    const { type } = event;
    const kind = type.slice(0, type.lastIndexOf('.'));
    if (['response.created', 'response.queued', 'response.in_progress'].includes(type)) this.#start(type);
    else if (ENDINGS.includes(type)) this.#end(event);
    else if (type === 'response.output_item.added') this.#addItem(event);
    else if (type === 'response.output_item.done') this.#endItem(event);
    else if (type === 'response.output_text.annotation.added') this.#annotate(event);
    else if (kind === 'response.content_part' || kind === 'response.reasoning_summary_part') this.#readPart(event);
    else if (kind in PART_OF_DELTA) this.#readText(event, PART_OF_DELTA[kind] as string);
    else if (CALLS.includes(kind)) this.#readCall(event);
    else throw new Error('is unknown');
  }

  #start(type: string): void {
    if (this.#started.has(type)) throw new Error('is repeated');
    if (this.#item !== undefined || this.#done.length > 0) throw new Error('comes after output');
    this.#started.add(type);
  }

  #end({ response }: ReadEvent): void {
    if (!this.#started.has('response.created')) throw new Error('has no beginning');
    if (this.#item !== undefined) throw new Error('an item is open');
    // A cancelled response has no output, whatever was written.
    same('output', response?.output, response?.status === 'cancelled' ? [] : this.#done);
    this.hasEnded = true;
  }

  #addItem({ item, output_index: index }: ReadEvent): void {
    if (this.#item !== undefined || item === undefined) throw new Error('another item is open');
    same('output_index', index, this.#done.length);
    if (this.#ids.has(item.id)) throw new Error('has the id of another item');
    this.#ids.add(item.id);
    this.#item = item;
    this.#parts = [];
    this.#call = item.type.endsWith('_call') ? { input: '', isDone: false } : undefined;
  }

  #endItem({ item, output_index: index }: ReadEvent): void {
    if (this.#part !== undefined || item === undefined) throw new Error('a part is open');
    same('item', [item.id, item.type], [this.#item?.id, this.#item?.type]);
    same('output_index', index, this.#done.length);
    if (item.status === 'in_progress') throw new Error('is not done');
    if (this.#call !== undefined) {
      if (!this.#call.isDone) throw new Error('its arguments are not done');
      same('arguments', item['arguments'] ?? item['input'], this.#call.input);
    } else if (item.type === 'message') same('content', item['content'], this.#parts);
    else same('parts', [...(item['summary'] as []), ...((item['content'] as [] | undefined) ?? [])], this.#parts);
    this.#done.push(item);
    this.#item = undefined;
  }

  #readPart(event: ReadEvent): void {
    const index = this.#place(event);
    const { type, part } = event;
    if (part === undefined) throw new Error('has no part');
    same('kind', type.includes('summary'), part.type === 'summary_text');
    if (type.endsWith('.added')) {
      if (this.#part !== undefined) throw new Error('another part is open');
      same('index', index, this.#parts.length);
      same('text', part.text ?? part.refusal, '');
      this.#part = new OpenPart(part, index);
      return;
    }
    const open = this.#open(index, part.type);
    if (!open.isTextDone) throw new Error('its text is not done');
    same('text', part.text ?? part.refusal, open.text);
    if (part.type === 'output_text')
      same('details', [part.annotations, part.logprobs], [open.annotations, open.logprobs]);
    this.#parts.push(part);
    this.#part = undefined;
  }

  #readText(event: ReadEvent, partType: string): void {
    const open = this.#open(this.#place(event), partType);
    if (open.isTextDone) throw new Error('the text is done');
    if (event.type.endsWith('.delta')) {
      if (event.delta === undefined || event.delta === '') throw new Error('is empty');
      open.text += event.delta;
      open.logprobs.push(...(event.logprobs ?? []));
      return;
    }
    same('text', event.text ?? event.refusal, open.text);
    if (partType === 'output_text') same('logprobs', event.logprobs, open.logprobs);
    open.isTextDone = true;
  }

  #annotate(event: ReadEvent): void {
    const open = this.#open(this.#place(event), 'output_text');
    same('annotation_index', event.annotation_index, open.annotations.length);
    open.annotations.push(event.annotation);
  }

  #readCall(event: ReadEvent): void {
    this.#ofItem(event);
    const call = this.#call;
    if (call === undefined || call.isDone) throw new Error('no call is open');
    if (event.type.endsWith('.delta')) {
      call.input += event.delta ?? '';
      return;
    }
    same('arguments', event.arguments ?? event.input, call.input);
    call.isDone = true;
  }

  #ofItem({ item_id: id, output_index: index }: ReadEvent): void {
    same('place', [id, index], [this.#item?.id, this.#done.length]);
  }

  #place(event: ReadEvent): number {
    this.#ofItem(event);
    return (event.type.includes('summary') ? event.summary_index : event.content_index) ?? -1;
  }

  #open(index: number, partType: string): OpenPart {
    const part = this.#part;
    if (part === undefined) throw new Error('no part is open');
    same('part', [index, partType], [part.index, part.part.type]);
    return part;
  }
}

function same(what: string, found: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what} is ${a} instead of ${b}`);
}
