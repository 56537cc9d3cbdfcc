/**
 * Turns the chunks of a chat completion into the events of a turn. Only one item is open at a time: a model writes its reasoning,
 * its message and its calls one after another.
 */
import type { ChunkChoice, ToolCallDelta } from '@xerotier/chat-choices';
import type { StoredItem } from '@xerotier/contracts/responses';
import { AppError } from '@xerotier/errors';
import { newItemId } from '../items/item-id.ts';
import { customToolInput } from './custom-tools.ts';
import type { CallableTool } from './served-tools.ts';
import type { Logprob, TextPart, TurnEvent, TurnOutcome } from './turn-event.ts';

export interface OutputWriterOptions {
  /** Of the request: what a call has depends on its tool. */
  readonly tools: ReadonlyMap<string, CallableTool>;
  /** Reasoning is shown as summary instead of as it is. */
  readonly summarizesReasoning: boolean;
  /** Whether the log probabilities of the model are written; an engine may send some that nobody has requested. */
  readonly includesLogprobs: boolean;
  /** Returns the `encrypted_content` of reasoning. Undefined if it is not requested. */
  readonly sealReasoning?: ((text: string) => string) | undefined;
  /** Items that an earlier run of the turn has written. */
  readonly earlier?: readonly StoredItem[];
  readonly write: (event: TurnEvent) => void;
}

/** What an earlier run of a turn has written. */
export interface EarlierOutput {
  /** How many events. */
  readonly events: number;
  /** Whether `response.in_progress` is one of them. */
  readonly isInProgress: boolean;
  /** Its items, with the one that was not done, which is incomplete. */
  readonly items: readonly StoredItem[];
  /** What is left to say of the item that was not done. */
  readonly closing: readonly TurnEvent[];
}

type PartType = TextPart['type'];

interface OpenPart {
  readonly type: PartType;
  text: string;
  readonly logprobs: Logprob[];
  readonly annotations: unknown[];
}

interface OpenItem {
  readonly item: StoredItem;
  readonly output: number;
  readonly parts: TextPart[];
  part: OpenPart | undefined;
}

interface OpenCall {
  readonly item: StoredItem;
  readonly output: number;
  readonly index: number;
  readonly isCustom: boolean;
  text: string;
}

export class OutputWriter {
  readonly #options: OutputWriterOptions;
  readonly #items: StoredItem[];
  #open: OpenItem | undefined;
  #call: OpenCall | undefined;
  #lastCall = -1;
  #outcome: TurnOutcome = 'max_output_tokens';

  constructor(options: OutputWriterOptions) {
    this.#options = options;
    this.#items = [...(options.earlier ?? [])];
  }

  /** The items that are done, in their order. */
  get items(): readonly StoredItem[] {
    return this.#items;
  }

  /** Writes an item that is whole. None may be open. */
  addItem(item: StoredItem): void {
    const output = this.#items.length;
    this.#write({ type: 'item_added', output, item });
    this.#done(output, item);
  }

  /** @throws {AppError} `inference.engine_failed` for calls of tools that are mixed up. */
  add({ delta, logprobs, finish_reason: reason }: ChunkChoice): void {
    const { reasoning_content: reasoning, content, refusal, annotations, tool_calls: calls } = delta;
    if (typeof reasoning === 'string' && reasoning !== '')
      this.#text(this.#options.summarizesReasoning ? 'summary_text' : 'reasoning_text', reasoning, []);
    if (typeof content === 'string' && content !== '')
      this.#text('output_text', content, this.#options.includesLogprobs ? logprobsOf(logprobs) : []);
    for (const annotation of annotations ?? []) this.#annotate(annotation);
    if (typeof refusal === 'string' && refusal !== '') this.#text('refusal', refusal, []);
    for (const call of calls ?? []) this.#addCall(call);
    if (reason != null) this.endAs(outcomeOf(reason));
  }

  /** Sets how it ends, as the finish reason of a model does. */
  endAs(outcome: TurnOutcome): void {
    this.#outcome = outcome;
  }

  /** Closes what is open. A turn that was cut off, has an incomplete last item. */
  end(outcome: TurnOutcome | 'interrupted' = this.#outcome): TurnOutcome | 'interrupted' {
    const status = outcome === 'completed' ? 'completed' : 'incomplete';
    this.#closeCall(status);
    this.#closeItem(status);
    return outcome;
  }

  #text(type: PartType, delta: string, logprobs: readonly Logprob[]): void {
    this.#closeCall('completed');
    const open = this.#itemFor(type);
    if (open.part?.type !== type) {
      this.#closePart(open);
      open.part = { type, text: '', logprobs: [], annotations: [] };
      const content = contentOf(open.part);
      this.#write({ type: 'part_added', ...addressOf(open), content });
    }
    open.part.text += delta;
    open.part.logprobs.push(...logprobs);
    this.#write({ type: 'text_delta', kind: type, delta, logprobs, ...addressOf(open) });
  }

  /** An annotation is about the text before it. */
  #annotate(annotation: unknown): void {
    const part = this.#open?.part;
    if (this.#open === undefined || part?.type !== 'output_text') return;
    part.annotations.push(annotation);
    const index = part.annotations.length - 1;
    this.#write({ type: 'annotation_added', annotation, index, ...addressOf(this.#open) });
  }

  #itemFor(type: PartType): OpenItem {
    const kind = type === 'reasoning_text' || type === 'summary_text' ? 'reasoning' : 'message';
    if (this.#open?.item.type === kind) return this.#open;
    this.#closeItem('completed');
    const id = newItemId(kind);
    const item: StoredItem =
      kind === 'reasoning'
        ? { id, type: kind, status: 'in_progress', summary: [] }
        : { id, type: kind, status: 'in_progress', role: 'assistant', content: [] };
    this.#open = { item, output: this.#items.length, parts: [], part: undefined };
    this.#write({ type: 'item_added', output: this.#open.output, item });
    return this.#open;
  }

  #closePart(open: OpenItem): void {
    if (open.part === undefined) return;
    const content = contentOf(open.part);
    this.#write({ type: 'part_done', ...addressOf(open), content });
    open.parts.push(content);
    open.part = undefined;
  }

  #closeItem(status: 'completed' | 'incomplete'): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#closePart(open);
    const { parts } = open;
    const item: StoredItem =
      open.item.type === 'message' ? { ...open.item, status, content: parts } : this.#reasoning(open, status);
    this.#open = undefined;
    this.#done(open.output, item);
  }

  #reasoning({ item, parts }: OpenItem, status: string): StoredItem {
    const texts = parts.filter((part) => part.type === 'reasoning_text');
    const summary = parts.filter((part) => part.type === 'summary_text');
    const sealed = this.#options.sealReasoning?.([...texts, ...summary].map(({ text }) => text).join('\n'));
    return {
      ...{ ...item, status, summary },
      ...(texts.length > 0 && { content: texts }),
      ...(sealed !== undefined && { encrypted_content: sealed }),
    };
  }

  #addCall({ index = 0, id, function: called }: ToolCallDelta): void {
    if (this.#call === undefined || (index ?? 0) !== this.#call.index) this.#openCall(index ?? 0, id, called?.name);
    const call = this.#call as OpenCall;
    const delta = called?.arguments ?? '';
    if (delta === '') return;
    call.text += delta;
    // The input of a custom tool is known when its JSON is complete.
    if (!call.isCustom) this.#write({ type: 'arguments_delta', output: call.output, item: call.item, delta });
  }

  #openCall(index: number, id: string | null | undefined, name: string | null | undefined): void {
    if (index <= this.#lastCall || typeof id !== 'string' || typeof name !== 'string')
      throw new AppError('inference.engine_failed');
    this.#closeCall('completed');
    this.#closeItem('completed');
    this.#lastCall = index;
    const { tool, namespace } = this.#options.tools.get(name) ?? {};
    const isCustom = tool?.type === 'custom';
    const called = { call_id: id, ...(namespace !== undefined && { namespace }), name: tool?.name ?? name };
    const item: StoredItem = isCustom
      ? { id: newItemId('custom_tool_call'), type: 'custom_tool_call', ...called, input: '' }
      : {
          id: newItemId('function_call'),
          type: 'function_call',
          status: 'in_progress',
          ...called,
          arguments: '',
        };
    this.#call = { item, output: this.#items.length, index, isCustom, text: '' };
    this.#write({ type: 'item_added', output: this.#call.output, item });
  }

  #closeCall(status: 'completed' | 'incomplete'): void {
    const call = this.#call;
    if (call === undefined) return;
    this.#call = undefined;
    const { output } = call;
    const item: StoredItem = call.isCustom
      ? { ...call.item, input: customToolInput(call.text) }
      : { ...call.item, status, arguments: call.text };
    if (call.isCustom) this.#write({ type: 'arguments_delta', output, item, delta: item['input'] as string });
    this.#write({ type: 'arguments_done', output, item });
    this.#done(output, item);
  }

  #done(output: number, item: StoredItem): void {
    this.#items.push(item);
    this.#write({ type: 'item_done', output, item });
  }

  #write(event: TurnEvent): void {
    this.#options.write(event);
  }
}

function addressOf({ item, output, parts }: OpenItem): { item: StoredItem; output: number; part: number } {
  return { item, output, part: parts.length };
}

function contentOf({ type, text, logprobs, annotations }: OpenPart): TextPart {
  switch (type) {
    case 'output_text':
      return { type, text, annotations: [...annotations], logprobs: [...logprobs] };
    case 'refusal':
      return { type, refusal: text };
    default:
      return { type, text };
  }
}

function outcomeOf(reason: string): TurnOutcome {
  if (reason === 'length') return 'max_output_tokens';
  return reason === 'content_filter' ? 'content_filter' : 'completed';
}

function logprobsOf(logprobs: unknown): readonly Logprob[] {
  return (logprobs as { content?: readonly Logprob[] | null } | null)?.content ?? [];
}
