/**
 * Renders a conversation with the template that a model's file carries. A template is code, though in a small language
 * without input or output: its size, its output and its ranges are bounded. It can still waste time with nested loops;
 * a model file has to be trusted that far.
 */
import { Template } from '@huggingface/jinja';
import { AppError } from '@xerotier/errors';
import type { ChatCompletionRequest, ChatMessage } from '@xerotier/public-api/chat-completions';
import { messageText } from '../message-text.ts';

const SOURCE_LENGTH_MAX = 256 * 1_024;
const RANGE_LENGTH_MAX = 100_000;
const REASON_LENGTH_MAX = 200;

/**
 * Puts the bounded range in the place of the built-in one, which cannot be declared a second time. The line break is
 * taken away again by the template engine, and keeps the first line of the template a first line.
 */
const BOUNDED_RANGE = '{% set range = bounded_range %}\n';

/** What llama.cpp and others assume of a model that brings no template: ChatML. */
const FALLBACK =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}" +
  "{% endfor %}{{ '<|im_start|>assistant\\n' }}";

export interface TemplateOptions {
  /** Default: ChatML. */
  readonly source?: string | undefined;
  readonly bosText?: string | undefined;
  readonly eosText?: string | undefined;
}

/** What a template is told besides the conversation. */
export interface TemplateContext {
  readonly tools?: ChatCompletionRequest['tools'];
  /** Default: what the template does by itself. */
  readonly enableThinking?: boolean | undefined;
}

/** A message as templates know it. */
interface TemplateMessage {
  readonly role: string;
  readonly content: string;
  readonly [field: string]: unknown;
}

export class ChatTemplate {
  readonly #template: Template;
  readonly #knowsDevelopers: boolean;
  readonly #texts: Record<string, string>;

  /** @throws an Error when the template is not one that can be read. */
  constructor(options: TemplateOptions) {
    const source = options.source ?? FALLBACK;
    if (source.length > SOURCE_LENGTH_MAX) {
      throw new Error(
        `The model's chat template has ${source.length} characters; at most ${SOURCE_LENGTH_MAX} are read.`,
      );
    }
    this.#template = new Template(`${BOUNDED_RANGE}${source}`);
    this.#knowsDevelopers = source.includes('developer');
    this.#texts = { bos_token: options.bosText ?? '', eos_token: options.eosText ?? '' };
  }

  /**
   * The prompt, up to where the assistant's next message begins. `replaceText` is applied to every text that comes from
   * the request.
   * @throws {AppError} `inference.upstream_rejected` when the template refuses the conversation or cannot render it.
   */
  render(
    messages: readonly ChatMessage[],
    context: TemplateContext = {},
    replaceText: (text: string) => string = (text) => text,
  ): string {
    const { tools = [], enableThinking } = context;
    try {
      return this.#template.render({
        ...this.#texts,
        messages: messages.map((message) => this.#toTemplateMessage(message, replaceText)),
        ...(tools.length > 0 && { tools: replaceTexts(tools, replaceText) }),
        ...(enableThinking !== undefined && { enable_thinking: enableThinking }),
        add_generation_prompt: true,
        bounded_range: boundedRange,
      });
    } catch (error) {
      const reason = (error instanceof Error ? error.message : String(error)).slice(0, REASON_LENGTH_MAX);
      throw new AppError(
        'inference.upstream_rejected',
        { reason: `the chat template of this model cannot render these messages (${reason})` },
        { cause: error, param: 'messages' },
      );
    }
  }

  /** Whether a prompt ends with this text, white space aside: some templates begin the thought of the model. */
  promptEndsWith(text: string): boolean {
    try {
      return this.render([{ role: 'user', content: 'x' }])
        .trimEnd()
        .endsWith(text);
    } catch {
      return false;
    }
  }

  #toTemplateMessage(message: ChatMessage, replaceText: (text: string) => string): TemplateMessage {
    const role = message.role === 'developer' && !this.#knowsDevelopers ? 'system' : message.role;
    const content = replaceText(messageText(message));
    const name = 'name' in message && message.name !== undefined ? { name: replaceText(message.name) } : {};
    if (message.role === 'tool') return { role, content, tool_call_id: replaceText(message.tool_call_id) };
    if (message.role !== 'assistant' || message.tool_calls === undefined) return { role, content, ...name };
    const toolCalls = message.tool_calls.map((call) => ({
      id: replaceText(call.id),
      type: call.type,
      function: {
        name: replaceText(call.function.name),
        arguments: templateArguments(call.function.arguments, replaceText),
      },
    }));
    return { role, content, ...name, tool_calls: toolCalls };
  }
}

/** The same value with every text in it replaced, names of fields too. */
function replaceTexts(value: unknown, replaceText: (text: string) => string): unknown {
  if (typeof value === 'string') return replaceText(value);
  if (Array.isArray(value)) return value.map((item) => replaceTexts(item, replaceText));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [replaceText(name), replaceTexts(item, replaceText)]),
  );
}

/** Templates expect the arguments of a tool call as an object; text that is not one stays text. */
function templateArguments(text: string, replaceText: (text: string) => string): unknown {
  const replaced = replaceText(text);
  try {
    const value: unknown = JSON.parse(replaced);
    return typeof value === 'object' && value !== null ? value : replaced;
  } catch {
    return replaced;
  }
}

function boundedRange(start: number, stop?: number, step = 1): number[] {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  const length = Math.max(0, Math.ceil((to - from) / step));
  if (!(length <= RANGE_LENGTH_MAX)) throw new Error(`range() may have ${RANGE_LENGTH_MAX} items at most`);
  return Array.from({ length }, (_, i) => from + i * step);
}
