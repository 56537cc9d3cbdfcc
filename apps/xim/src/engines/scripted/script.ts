/**
 * What a scripted reply is: read from a directive in the last user message, such as
 * `[[script {"tokens":128,"delayMs":20}]]`. Without one the defaults hold.
 */
import { AppError } from '@xerotier/errors';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { z } from 'zod';
import { messageText } from '../message-text.ts';

const TOKENS_MAX = 1_000_000;
const DELAY_MAX_MS = 600_000;

const tokens = z.number().int().min(0).max(TOKENS_MAX);
const delayMs = z.number().min(0).max(DELAY_MAX_MS);

const script = z.strictObject({
  /** How many tokens the reply has: `tok0 tok1 ...`. */
  tokens: tokens.default(16),
  /** The reply itself, instead of numbered tokens; every word with the space after it is one token. */
  text: z.string().optional(),
  /** From one token to the next. */
  delayMs: delayMs.default(0),
  /** Before the first token. */
  prefillMs: delayMs.default(0),
  /** The engine throws once this many tokens are out; 0 is before the first. */
  failAfter: tokens.optional(),
  /** The process is killed once this many tokens are out. */
  exitAfter: tokens.optional(),
  /** The engine goes silent once this many tokens are out, until it is aborted. */
  hangAfter: tokens.optional(),
  promptTokens: tokens.optional(),
  cachedTokens: tokens.optional(),
});
export type Script = z.output<typeof script>;

const DIRECTIVE = /\[\[script\s*(\{.*?\})\s*\]\]/s;

/** @throws {AppError} `request.invalid` when the directive is not JSON or has a field that does not exist. */
export function readScript(request: ChatCompletionRequest): Script {
  const last = request.messages.findLast((message) => message.role === 'user');
  return readScriptIn(last === undefined ? '' : messageText(last), 'messages');
}

/** `param` is what the client calls the text. @throws as `readScript`. */
export function readScriptIn(text: string, param: string): Script {
  const directive = DIRECTIVE.exec(text);
  if (directive === null) return script.parse({});
  const parsed = script.safeParse(parseJson(directive[1] ?? '', param));
  if (!parsed.success)
    throw invalid(parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('; '), param);
  return parsed.data;
}

function parseJson(text: string, param: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(`not JSON (${(error as Error).message})`, param);
  }
}

function invalid(reason: string, param: string): AppError {
  return new AppError(
    'request.invalid',
    { reason: `The [[script ...]] directive is not usable: ${reason}` },
    { param },
  );
}
