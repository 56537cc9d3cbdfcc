/** The messages of a chat completion for the items of a turn and of those before it. */
import { AppError } from '@xerotier/errors';
import type { ChatMessage } from '@xerotier/public-api/chat-completions';
import type { NewItem } from '@xerotier/public-api/items';
import { outputMessage, summaryMessage } from '../compactions/compaction-texts.ts';
import { customToolArguments } from './custom-tools.ts';
import { modelToolName } from './served-tools.ts';
import { madeOf } from './part-fields.ts';

/** An item, and the field of the request that it comes from. */
export interface ContextItem {
  readonly item: NewItem;
  readonly param: string;
  /** Of a compaction, which models are shown instead. */
  readonly summary?: string;
  /** The same with files as they came: models are shown their content. */
  readonly stored?: NewItem;
  /** Of a reasoning item that is encrypted. */
  readonly reasoning?: string;
}

type AssistantMessage = Extract<ChatMessage, { role: 'assistant' }>;
type ToolMessage = Extract<ChatMessage, { role: 'tool' }>;
type UserMessage = Extract<ChatMessage, { role: 'user' }>;
type UserPart = Exclude<UserMessage['content'], string>[number];
type ToolCall = NonNullable<AssistantMessage['tool_calls']>[number];

/**
 * @param items without files: `InputFiles.inline` has put text and images in their place.
 * @throws {AppError} naming the field: `request.unsupported_parameter` for what models cannot read, `item.call_not_found` for an output of the
 * request without its call.
 */
export function chatMessagesOf(items: readonly ContextItem[]): ChatMessage[] {
  const messages: ChatMessage[] = [];
  const lastOfUser = items.findLastIndex(({ item }) => item.type === 'message' && item.role === 'user');
  const isShortened = items.some(({ summary }) => summary !== undefined);
  const calls = new Set<string>();
  let reasoning: string | undefined;
  for (const [at, context] of items.entries()) {
    const { item, param, summary } = context;
    if (item.type === 'reasoning') {
      // A model goes on with its own reasoning until the next message of the user.
      reasoning = at > lastOfUser ? reasoningOf(context) : undefined;
      continue;
    }
    // A call is added to the message before it.
    const from = Math.max(0, messages.length - 1);
    if (summary === undefined) addItem(messages, item, param);
    else messages.push({ role: 'user', content: summaryMessage(summary) });
    for (const [index, message] of messages.slice(from).entries()) {
      if (message.role === 'assistant') for (const { id } of message.tool_calls ?? []) calls.add(id);
      // An output without an id is that of the last call.
      else if (message.role === 'tool' && message.tool_call_id !== '' && !calls.has(message.tool_call_id))
        messages[from + index] = withoutCall(message, context, isShortened);
    }
    const last = messages.at(-1);
    if (reasoning !== undefined && last?.role === 'assistant') last.reasoning_content ??= reasoning;
    reasoning = undefined;
  }
  return messages;
}

function addItem(messages: ChatMessage[], item: NewItem, param: string): void {
  switch (item.type) {
    case 'message':
      if (item.role === 'assistant') addAssistant(messages, item, param);
      else messages.push(requestedMessage(item, param));
      return;
    case 'function_call':
      return addCall(messages, item.call_id, modelToolName(item.name, item.namespace), item.arguments);
    case 'custom_tool_call':
      return addCall(messages, item.call_id, modelToolName(item.name, item.namespace), customToolArguments(item.input));
    case 'local_shell_call':
      return addCall(messages, item.call_id, 'local_shell', JSON.stringify(item.action));
    case 'shell_call':
      return addCall(messages, item.call_id, 'shell', JSON.stringify(item.action));
    case 'apply_patch_call':
      return addCall(messages, item.call_id, 'apply_patch', JSON.stringify(item.operation));
    case 'function_call_output':
      return addOutputParts(messages, item.call_id ?? '', item.output, `${param}.output`);
    case 'custom_tool_call_output':
      return addOutputParts(messages, item.call_id, item.output, `${param}.output`);
    case 'local_shell_call_output':
      return addOutput(messages, String(item.call_id), item.output);
    case 'shell_call_output':
      return addOutput(messages, item.call_id, JSON.stringify(item.output));
    case 'apply_patch_call_output':
      return addOutput(messages, item.call_id, item.output ?? item.status);
    case 'mcp_call':
      return addServerCall(messages, param, item);
    case 'computer_call':
    case 'computer_call_output':
      throw unsupported(param, 'the models here operate no computer.');
    // What else servers have done on behalf of a model is in the messages that came of it.
    default:
      return;
  }
}

/** A call may be before a compaction, or was deleted. */
function withoutCall(
  { content, tool_call_id: call }: ToolMessage,
  context: ContextItem,
  isShortened: boolean,
): ChatMessage {
  const { param } = context;
  if (param.startsWith('input[') && !isShortened)
    throw new AppError('item.call_not_found', { call }, { param: `${param}.call_id` });
  return { role: 'user', content: outputMessage(content as string) };
}

function reasoningOf({ item, reasoning }: ContextItem): string | undefined {
  if (reasoning !== undefined || item.type !== 'reasoning') return reasoning;
  const text = (item.content ?? []).map((part) => part.text).join('\n');
  return text === '' ? undefined : text;
}

type Message = Extract<NewItem, { type: 'message' }>;
type Assistant = Extract<Message, { role: 'assistant' }>;
type Requested = Exclude<Message, Assistant>;

function requestedMessage({ role, content }: Requested, param: string): ChatMessage {
  if (role === 'user') return { role, content: userContent(content, param) };
  return { role, content: content.map((part, at) => textOf(part, `${param}.content[${at}]`)).join('\n') };
}

function userContent(content: Requested['content'], param: string): UserMessage['content'] {
  const [first, ...others] = content;
  if (first === undefined) return '';
  if (first.type === 'input_text' && others.length === 0) return first.text;
  return content.map((part, at) => userPart(part, `${param}.content[${at}]`));
}

type InputPart = Exclude<Requested['content'][number], string>;

function userPart(part: InputPart, param: string): UserPart {
  if (part.type === 'input_text') return { type: 'text', text: part.text };
  if (part.type === 'input_image') return imagePart(part, param);
  throw unsupported(param, 'models read no files.');
}

function imagePart(
  { image_url: url = '', detail }: Extract<InputPart, { type: 'input_image' }>,
  param: string,
): UserPart {
  // There is no such detail in chat completions.
  return madeOf({ type: 'image_url', image_url: { url, ...(detail !== 'original' && { detail }) } }, param);
}

type AnyPart =
  | { readonly type: 'input_text' | 'output_text'; readonly text: string }
  | { readonly type: 'refusal'; readonly refusal: string }
  | { readonly type: 'input_image' | 'input_file' };

function textOf(part: AnyPart, param: string): string {
  if (part.type === 'input_text' || part.type === 'output_text') return part.text;
  if (part.type === 'refusal') return part.refusal;
  throw unsupported(param, 'only messages of users may have images and files.');
}

/** Text and calls of one turn are one message, as a model has written it. */
function addAssistant(messages: ChatMessage[], { content }: Assistant, param: string): void {
  const text = content.map((part, at) => textOf(part, `${param}.content[${at}]`)).join('');
  const last = messages.at(-1);
  if (last?.role === 'assistant' && last.tool_calls === undefined) last.content = `${textIn(last)}\n${text}`;
  else messages.push({ role: 'assistant', content: text });
}

function textIn({ content }: AssistantMessage): string {
  return typeof content === 'string' ? content : '';
}

function addCall(messages: ChatMessage[], id: string, name: string, json: string): void {
  const call: ToolCall = { id, type: 'function', function: { name, arguments: json } };
  const last = messages.at(-1);
  if (last?.role === 'assistant') last.tool_calls = [...(last.tool_calls ?? []), call];
  else messages.push({ role: 'assistant', content: null, tool_calls: [call] });
}

/** Messages with the images that tools have returned. */
const toolImages = new WeakSet<ChatMessage>();

function ofToolImages(message: UserMessage): UserMessage {
  toolImages.add(message);
  return message;
}

function addOutput(messages: ChatMessage[], id: string, content: string): void {
  const last = messages.at(-1);
  const at = last !== undefined && toolImages.has(last) ? messages.length - 1 : messages.length;
  messages.splice(at, 0, { role: 'tool', tool_call_id: id, content });
}

type McpCall = Extract<NewItem, { type: 'mcp_call' }>;

/** The call and its output. One that has not been run has neither. */
function addServerCall(messages: ChatMessage[], param: string, item: McpCall): void {
  if (item.output === undefined && item.error === undefined) return;
  const id = item.approval_request_id ?? `call_${param.replaceAll(/[^a-z0-9]/g, '_')}`;
  addCall(messages, id, item.name.slice(0, 64), item.arguments);
  addOutput(messages, id, item.output ?? JSON.stringify(item.error));
}

type ToolOutput = Extract<NewItem, { type: 'custom_tool_call_output' }>['output'];

/**
 * Messages of tools have text only: the images of an output are a message of the user, after the outputs of all calls of the turn, since
 * nothing else may be between those.
 */
function addOutputParts(messages: ChatMessage[], id: string, output: ToolOutput, param: string): void {
  if (typeof output === 'string') return addOutput(messages, id, output);
  const shown = output.map((part, at) => userPart(part, `${param}[${at}]`));
  const texts = shown.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  const images = shown.filter(({ type }) => type === 'image_url');
  addOutput(messages, id, texts.join('\n'));
  if (images.length === 0) return;
  const parts: UserPart[] = [{ type: 'text', text: `Images that the tool returned for the call ${id}:` }, ...images];
  const last = messages.at(-1);
  if (last !== undefined && toolImages.has(last)) (last.content as UserPart[]).push(...parts);
  else messages.push(ofToolImages({ role: 'user', content: parts }));
}

function unsupported(param: string, reason: string): AppError {
  return new AppError('request.unsupported_parameter', { param, reason }, { param });
}
