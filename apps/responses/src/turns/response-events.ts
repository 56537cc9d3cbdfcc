/** The events of the public API that a turn consists of, numbered from 0. */
import type { StoredItem } from '@xerotier/contracts/responses';
import type { PublicResponse } from '@xerotier/public-api/responses';
import type { PartAddress, TextPart, TurnEvent } from './turn-event.ts';

type Fields = Readonly<Record<string, unknown>>;

/** An event as JSON. Its type comes first, so that it can be found without parsing. */
export type WriteEvent = (json: string) => void;

const DELTA_EVENTS = {
  output_text: 'response.output_text.delta',
  refusal: 'response.refusal.delta',
  reasoning_text: 'response.reasoning_text.delta',
  summary_text: 'response.reasoning_summary_text.delta',
} as const satisfies Record<TextPart['type'], string>;

const DONE_EVENTS = {
  output_text: 'response.output_text.done',
  refusal: 'response.refusal.done',
  reasoning_text: 'response.reasoning_text.done',
  summary_text: 'response.reasoning_summary_text.done',
} as const satisfies Record<TextPart['type'], string>;

export interface ResponseEventsOptions {
  /** Number of the first event. */
  readonly first: number;
  /** Removes the fields of an item that have to be requested. */
  readonly visible: (item: StoredItem) => StoredItem;
  readonly write: WriteEvent;
}

export class ResponseEvents {
  readonly #options: ResponseEventsOptions;
  #next: number;

  constructor(options: ResponseEventsOptions) {
    this.#options = options;
    this.#next = options.first;
  }

  /** The events of the beginning, which have the whole response. */
  response(type: 'created' | 'queued' | 'in_progress', response: PublicResponse): void {
    this.#write(`response.${type}`, { response });
  }

  /** Returns the event of the end, which is not written: that the response has ended has to be stored first, which may fail. */
  ending(type: 'completed' | 'incomplete' | 'failed', response: PublicResponse): string {
    return this.#event(`response.${type}`, this.#next, { response });
  }

  turn(event: TurnEvent): void {
    switch (event.type) {
      case 'item_added':
      case 'item_done': {
        const type = event.type === 'item_added' ? 'response.output_item.added' : 'response.output_item.done';
        return this.#write(type, { output_index: event.output, item: this.#options.visible(event.item) });
      }
      case 'part_added':
        return this.#part('added', event);
      case 'part_done':
        return this.#partDone(event);
      case 'text_delta':
        return this.#write(DELTA_EVENTS[event.kind], {
          ...placeOf(event, event.kind),
          delta: event.delta,
          ...(event.kind === 'output_text' && { logprobs: event.logprobs }),
        });
      case 'annotation_added':
        return this.#write('response.output_text.annotation.added', {
          ...placeOf(event, 'output_text'),
          annotation_index: event.index,
          annotation: event.annotation,
        });
      case 'arguments_delta': {
        const { output, item, delta } = event;
        return this.#write(`response.${callKind(item)}.delta`, { item_id: item.id, output_index: output, delta });
      }
      case 'arguments_done': {
        const { output, item } = event;
        const call =
          item.type === 'function_call'
            ? { name: item['name'], arguments: item['arguments'] }
            : { input: item['input'] };
        return this.#write(`response.${callKind(item)}.done`, { item_id: item.id, output_index: output, ...call });
      }
    }
  }

  #part(what: 'added' | 'done', event: PartAddress & { readonly content: TextPart }): void {
    const { content } = event;
    const part = what === 'added' ? emptied(content) : this.#visiblePart(event.item, content);
    const type = content.type === 'summary_text' ? 'reasoning_summary_part' : 'content_part';
    this.#write(`response.${type}.${what}`, { ...placeOf(event, content.type), part });
  }

  #partDone(event: PartAddress & { readonly content: TextPart; readonly isTextDone?: boolean }): void {
    const { content } = event;
    const text = content.type === 'refusal' ? { refusal: content.refusal } : { text: content.text };
    const part = this.#visiblePart(event.item, content);
    const logprobs = part.type === 'output_text' ? { logprobs: part.logprobs } : {};
    if (event.isTextDone !== true)
      this.#write(DONE_EVENTS[content.type], { ...placeOf(event, content.type), ...text, ...logprobs });
    this.#part('done', event);
  }

  #visiblePart(item: StoredItem, part: TextPart): TextPart {
    if (part.type !== 'output_text') return part;
    const [visible] = this.#options.visible({ ...item, content: [part] })['content'] as [TextPart];
    return visible;
  }

  #write(type: string, fields: Fields): void {
    this.#options.write(this.#event(type, this.#next++, fields));
  }

  #event(type: string, sequenceNumber: number, fields: Fields): string {
    return JSON.stringify({ type, sequence_number: sequenceNumber, ...fields });
  }
}

function placeOf({ item, output, part }: PartAddress, type: TextPart['type']): Fields {
  const index = type === 'summary_text' ? { summary_index: part } : { content_index: part };
  return { item_id: item.id, output_index: output, ...index };
}

function emptied(part: TextPart): TextPart {
  if (part.type === 'refusal') return { ...part, refusal: '' };
  return part.type === 'output_text' ? { ...part, text: '', annotations: [], logprobs: [] } : { ...part, text: '' };
}

function callKind({ type }: StoredItem): 'function_call_arguments' | 'custom_tool_call_input' {
  return type === 'function_call' ? 'function_call_arguments' : 'custom_tool_call_input';
}
