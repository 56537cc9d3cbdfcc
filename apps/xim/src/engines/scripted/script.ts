/**
 * The script of a completion: a directive in the last user message, such as
 * `[[script {"tokens":128,"delayMs":20}]]`. Without a directive the defaults apply.
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
  /** Number of tokens: `tok0 tok1 ...`. */
  tokens: tokens.default(16),
  /** Literal text instead of numbered tokens; each word with its trailing space is one token. */
  text: z.string().optional(),
  /** Delay between two tokens. */
  delayMs: delayMs.default(0),
  /** Delay before the first token. */
  prefillMs: delayMs.default(0),
  /** The engine throws after this many tokens; 0: before the first. */
  failAfter: tokens.optional(),
  /** The process is killed after this many tokens. */
  exitAfter: tokens.optional(),
  /** The engine hangs after this many tokens, until it is aborted. */
  hangAfter: tokens.optional(),
  promptTokens: tokens.optional(),
  cachedTokens: tokens.optional(),
});
export type Script = z.output<typeof script>;

const DIRECTIVE = /\[\[script\s*(\{.*?\})\s*\]\]/s;

/** @throws {AppError} `request.invalid` when the directive is not valid JSON or has an unknown field. */
export function readScript(request: ChatCompletionRequest): Script {
  const last = request.messages.findLast((message) => message.role === 'user');
  return readScriptIn(last === undefined ? '' : messageText(last), 'messages');
}

/** @param param the request parameter that holds the text. @throws as `readScript`. */
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
    throw invalid(`invalid JSON (${(error as Error).message})`, param);
  }
}

function invalid(reason: string, param: string): AppError {
  return new AppError('request.invalid', { reason: `Invalid [[script ...]] directive: ${reason}` }, { param });
}
