/**
 * Renders a conversation with the chat template of a model file. A template is code, though in a small language without I/O: its
 * size and its ranges are limited. It can still waste CPU time with nested loops, so a model file must be trusted to that extent.
 */
import { Template } from '@huggingface/jinja';
import { AppError } from '@xerotier/errors';
import type { ChatCompletionRequest, ChatMessage } from '@xerotier/public-api/chat-completions';
import { messageText } from '../message-text.ts';

const SOURCE_LENGTH_MAX = 256 * 1_024;
const RANGE_LENGTH_MAX = 100_000;
const REASON_LENGTH_MAX = 200;

/**
 * Replaces the built-in `range`, which cannot be redeclared, with the bounded one. The template engine strips the line break,
 * which keeps the first line of the template at the start of a line.
 */
const BOUNDED_RANGE = '{% set range = bounded_range %}\n';

/** ChatML, the default of llama.cpp and others for a model without a template. */
const FALLBACK =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}" +
  "{% endfor %}{{ '<|im_start|>assistant\\n' }}";

export interface TemplateOptions {
  /** Default: ChatML. */
  readonly source?: string | undefined;
  readonly bosText?: string | undefined;
  readonly eosText?: string | undefined;
}

/** Variables of a template besides the conversation. */
export interface TemplateContext {
  readonly tools?: ChatCompletionRequest['tools'];
  /** Default: that of the template. */
  readonly enableThinking?: boolean | undefined;
}

/** A message in the form that templates expect. */
interface TemplateMessage {
  readonly role: string;
  readonly content: string;
  readonly [field: string]: unknown;
}

export class ChatTemplate {
  readonly #template: Template;
  readonly #supportsDeveloperRole: boolean;
  readonly #texts: Record<string, string>;

  /** @throws an Error when the template is invalid or too large. */
  constructor(options: TemplateOptions) {
    const source = options.source ?? FALLBACK;
    if (source.length > SOURCE_LENGTH_MAX) {
      throw new Error(
        `The model's chat template has ${source.length} characters; the maximum is ${SOURCE_LENGTH_MAX}.`,
      );
    }
    this.#template = new Template(`${BOUNDED_RANGE}${source}`);
    this.#supportsDeveloperRole = source.includes('developer');
    this.#texts = { bos_token: options.bosText ?? '', eos_token: options.eosText ?? '' };
  }

  /**
   * Renders the prompt, up to the beginning of the assistant's next message. `replaceText` is applied to every text of the
   * request.
   * @throws {AppError} `inference.upstream_rejected` when the template rejects the conversation or cannot render it.
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

  /** Whether a prompt ends with this text, ignoring white space: some templates open the reasoning of the model. */
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
    const role = message.role === 'developer' && !this.#supportsDeveloperRole ? 'system' : message.role;
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

/** Returns the value with every string in it replaced, including field names. */
function replaceTexts(value: unknown, replaceText: (text: string) => string): unknown {
  if (typeof value === 'string') return replaceText(value);
  if (Array.isArray(value)) return value.map((item) => replaceTexts(item, replaceText));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [replaceText(name), replaceTexts(item, replaceText)]),
  );
}

/** Templates expect the arguments of a tool call as an object; anything else stays a string. */
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
  if (!(length <= RANGE_LENGTH_MAX)) throw new Error(`range() is limited to at most ${RANGE_LENGTH_MAX} items`);
  return Array.from({ length }, (_, i) => from + i * step);
}
