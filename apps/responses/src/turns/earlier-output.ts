/**
 * What an earlier run of a turn has written, from its events. The item that was not done is closed as incomplete, so that the next run
 * goes on with a new one: an event never has two versions.
 */
import type { StoredItem } from '@xerotier/contracts/responses';
import type { EarlierOutput } from './output-writer.ts';
import type { Logprob, TextPart, TurnEvent } from './turn-event.ts';

interface Event {
  readonly type: string;
  readonly output_index?: number;
  readonly item?: StoredItem;
  readonly part?: TextPart;
  readonly delta?: string;
  readonly logprobs?: Logprob[];
  readonly annotation?: unknown;
}

export function earlierOutputOf(events: readonly string[]): EarlierOutput {
  const items: StoredItem[] = [];
  let isInProgress = false;
  let open: OpenItem | undefined;
  for (const json of events) {
    const event = JSON.parse(json) as Event;
    if (event.type === 'response.in_progress') isInProgress = true;
    else if (event.type === 'response.output_item.added') open = new OpenItem(event.item as StoredItem, items.length);
    else if (event.type === 'response.output_item.done') {
      items.push(event.item as StoredItem);
      open = undefined;
    } else open?.add(event);
  }
  if (open === undefined) return { events: events.length, isInProgress, items, closing: [] };
  const { item, closing } = open.close();
  return { events: events.length, isInProgress, items: [...items, item], closing };
}

class OpenItem {
  readonly #item: StoredItem;
  readonly #output: number;
  readonly #parts: TextPart[] = [];
  #part: TextPart | undefined;
  #isTextDone = false;
  #arguments = '';
  #hasArguments = false;

  constructor(item: StoredItem, output: number) {
    this.#item = item;
    this.#output = output;
  }

  add(event: Event): void {
    if (event.part !== undefined && event.type.endsWith('part.added')) {
      this.#part = event.part;
      this.#isTextDone = false;
    } else if (event.part !== undefined) {
      this.#parts.push(event.part);
      this.#part = undefined;
    } else if (event.type.endsWith('.delta')) this.#addDelta(event);
    else if (event.type.endsWith('.annotation.added')) this.#annotate(event.annotation);
    else if (isCallDone(event.type)) this.#hasArguments = true;
    else this.#isTextDone = true;
  }

  #addDelta({ delta = '', logprobs = [] }: Event): void {
    const part = this.#part;
    if (part === undefined) this.#arguments += delta;
    else if (part.type === 'refusal') this.#part = { ...part, refusal: part.refusal + delta };
    else {
      if (part.type === 'output_text') part.logprobs.push(...logprobs);
      this.#part = { ...part, text: part.text + delta };
    }
  }

  #annotate(annotation: unknown): void {
    if (this.#part?.type === 'output_text') this.#part.annotations.push(annotation);
  }

  close(): { item: StoredItem; closing: TurnEvent[] } {
    const output = this.#output;
    const isCall = this.#item.type === 'function_call' || this.#item.type === 'custom_tool_call';
    const item = isCall ? this.#closedCall() : this.#closedText();
    const closing: TurnEvent[] = [];
    if (isCall && !this.#hasArguments) closing.push({ type: 'arguments_done', output, item });
    if (this.#part !== undefined) {
      const [part, isTextDone] = [this.#parts.length, this.#isTextDone];
      closing.push({ type: 'part_done', item: this.#item, output, part, content: this.#part, isTextDone });
    }
    closing.push({ type: 'item_done', output, item });
    return { item, closing };
  }

  #closedCall(): StoredItem {
    return this.#item.type === 'function_call'
      ? { ...this.#item, status: 'incomplete', arguments: this.#arguments }
      : { ...this.#item, input: this.#arguments };
  }

  #closedText(): StoredItem {
    const parts = this.#part === undefined ? this.#parts : [...this.#parts, this.#part];
    if (this.#item.type === 'message') return { ...this.#item, status: 'incomplete', content: parts };
    const reasoning = parts.filter(({ type }) => type === 'reasoning_text');
    return {
      ...this.#item,
      status: 'incomplete',
      summary: parts.filter(({ type }) => type === 'summary_text'),
      ...(reasoning.length > 0 && { content: reasoning }),
    };
  }
}

function isCallDone(type: string): boolean {
  return type === 'response.function_call_arguments.done' || type === 'response.custom_tool_call_input.done';
}
