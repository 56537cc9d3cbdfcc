/** The fields of a request that parts of chat messages were made of, for errors that name a part of the chat. */
import { AppError } from '@xerotier/errors';
import type { FieldOf } from '@xerotier/linked-images';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';

const fields = new WeakMap<object, string>();
const CHAT_PART = /^messages\[(\d+)\]\.content\[(\d+)\]/;

/** Returns the part, whose field is remembered for as long as it exists. */
export function madeOf<P extends object>(part: P, field: string): P {
  fields.set(part, field);
  return part;
}

/** Of images that are linked. */
export function fieldsOf(chat: ChatCompletionRequest): FieldOf {
  return (message, part) => `${fieldOf(chat, message, part) ?? `messages[${message}].content[${part}]`}.image_url`;
}

/** Returns the error with the field of the request, if it names a part of the chat that has one. */
export function namingField(error: AppError, chat: ChatCompletionRequest): AppError {
  const [, message, part] = CHAT_PART.exec(error.param ?? '') ?? [];
  const param = fieldOf(chat, Number(message), Number(part));
  if (param === undefined) return error;
  const { code, details } = error;
  return new AppError(code, 'param' in details ? { ...details, param } : details, { param, cause: error });
}

function fieldOf({ messages }: ChatCompletionRequest, message: number, part: number): string | undefined {
  const content = messages[message]?.content;
  const found = typeof content === 'string' ? undefined : content?.[part];
  return found === undefined ? undefined : fields.get(found);
}
