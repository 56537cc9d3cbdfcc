/**
 * The script of a request for an engine without a model: how many tokens, how fast, which text. It is sent in the last
 * user message as `[[script {"tokens":128,"delayMs":20}]]`, so that it passes every gateway unchanged, and the same
 * request can be sent to the bare engine and to the platform.
 */
export interface Script {
  /** The tokens of the completion, in order. */
  tokens: string[];
  /** Pause between two tokens; the first token is sent at once. */
  delayMs: number;
  finishReason: 'stop' | 'length';
}

const defaultTokens = 16;
const tokensMax = 100_000;
const delayMsMax = 60_000;
const directivePattern = /\[\[script\s+(\{.*?\})\s*\]\]/s;

/** Returns the text of token `index` of a scripted completion. */
function tokenText(index: number): string {
  return `tok${index} `;
}

/** Returns the tokens of a scripted completion. */
export function tokenTexts(count: number): string[] {
  while (knownTexts.length < count) knownTexts.push(tokenText(knownTexts.length));
  return knownTexts.slice(0, count);
}

/** Created once instead of per request: the bare engine must be as cheap as possible. */
const knownTexts: string[] = [];

/** Returns the user message that requests this completion from a scripted engine. */
export function scriptMessage(directive: { tokens: number; delayMs: number }): string {
  return `Benchmark [[script ${JSON.stringify(directive)}]]`;
}

/**
 * Parses the script of a chat completion request. Without a directive the completion has `max_tokens` tokens, else 16;
 * with both, it is truncated at `max_tokens`. Throws an Error that describes an invalid directive.
 */
export function readScript(request: { messages?: unknown; max_tokens?: unknown }): Script {
  const tokensLimit = typeof request.max_tokens === 'number' ? request.max_tokens : undefined;
  const found = directivePattern.exec(lastUserText(request.messages));
  const directive = found?.[1] === undefined ? {} : parseDirective(found[1]);
  const delayMs = bounded('delayMs', directive.delayMs ?? 0, delayMsMax);
  const wanted =
    typeof directive.text === 'string'
      ? (directive.text.match(/\s*\S+\s*/g) ?? [directive.text])
      : tokenTexts(bounded('tokens', directive.tokens ?? tokensLimit ?? defaultTokens, tokensMax));
  if (tokensLimit !== undefined && tokensLimit < wanted.length) {
    return { tokens: wanted.slice(0, tokensLimit), delayMs, finishReason: 'length' };
  }
  return { tokens: wanted, delayMs, finishReason: 'stop' };
}

function lastUserText(messages: unknown): string {
  if (!Array.isArray(messages)) return '';
  const last = messages.findLast((message: { role?: unknown } | null) => message?.role === 'user') as
    { content?: unknown } | undefined;
  return typeof last?.content === 'string' ? last.content : '';
}

function parseDirective(json: string): { tokens?: unknown; delayMs?: unknown; text?: unknown } {
  try {
    return JSON.parse(json) as { tokens?: unknown; delayMs?: unknown; text?: unknown };
  } catch (cause) {
    throw new Error(`The script directive is not JSON: ${json}`, { cause });
  }
}

function bounded(name: string, value: unknown, max: number): number {
  if (typeof value === 'number' && value >= 0 && value <= max && Number.isFinite(value)) return value;
  throw new Error(`${name} of the script must be a number between 0 and ${max}.`);
}
