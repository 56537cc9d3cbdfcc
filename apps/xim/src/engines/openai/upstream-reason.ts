/**
 * Reads the reason out of an upstream's error answer, for people who must not learn where that server is or how one signs
 * in there: addresses and keys are taken out, and the length is bounded.
 */
const REASON_LENGTH_MAX = 300;
/** More of an answer is not looked at. */
const BODY_LENGTH_MAX = 20_000;

const ADDRESS = /\b(?:[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+|(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?|localhost(?::\d+)?)/gi;
const CREDENTIAL = /\b(?:bearer\s+\S+|sk-[\w-]{6,})/gi;

/** `secrets`: texts that must not come through whatever they look like, such as the configured key and host. */
export function upstreamReason(body: string, secrets: readonly string[]): string {
  const text = messageIn(body.slice(0, BODY_LENGTH_MAX));
  const withoutSecrets = secrets
    .filter((secret) => secret !== '')
    .reduce((rest, secret) => rest.replaceAll(secret, '[removed]'), text);
  const clean = withoutSecrets
    .replace(ADDRESS, '[removed]')
    .replace(CREDENTIAL, '[removed]')
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim();
  if (clean === '') return 'it gave no reason';
  return clean.length > REASON_LENGTH_MAX ? `${clean.slice(0, REASON_LENGTH_MAX)}…` : clean;
}

/** The forms in use: OpenAI's `error.message`, FastAPI's `detail`, and plain `message` or `error`. */
function messageIn(body: string): string {
  const json = parse(body);
  if (!isRecord(json)) return body;
  const { error, message, detail } = json;
  if (isRecord(error) && typeof error['message'] === 'string') return error['message'];
  for (const text of [error, message, detail]) if (typeof text === 'string') return text;
  if (Array.isArray(detail)) return detail.map(validationProblem).join('; ');
  return body;
}

function validationProblem(problem: unknown): string {
  if (!isRecord(problem)) return String(problem);
  const place = Array.isArray(problem['loc']) ? `${problem['loc'].join('.')}: ` : '';
  return `${place}${String(problem['msg'])}`;
}

export interface ContextLength {
  readonly promptTokens: number;
  readonly contextTokens: number;
}

/**
 * The numbers of an upstream's refusal for lack of room, where they can be read.
 * @returns undefined when the refusal has another reason or does not give both numbers.
 */
export function contextLengthIn(body: string): ContextLength | undefined {
  const json = parse(body);
  const error = isRecord(json) && isRecord(json['error']) ? json['error'] : {};
  const { n_prompt_tokens: promptTokens, n_ctx: contextTokens } = error;
  if (isCount(promptTokens) && isCount(contextTokens)) return { promptTokens, contextTokens };

  const text = messageIn(body.slice(0, BODY_LENGTH_MAX));
  const context = firstNumber(text, CONTEXT_PATTERNS);
  const prompt = firstNumber(text, PROMPT_PATTERNS);
  return context === undefined || prompt === undefined ? undefined : { promptTokens: prompt, contextTokens: context };
}

/** As vLLM, SGLang, llama-server and OpenAI word it, in older and newer releases. */
const CONTEXT_PATTERNS = [
  /maximum context length (?:is|of) (\d+)/i,
  /context (?:length|size)\s*\((\d+)/i,
  /maximum model length of (\d+)/i,
];
const PROMPT_PATTERNS = [
  /\((\d+) in the messages/i,
  /(\d+) (?:tokens )?(?:from the )?input (?:tokens|messages)/i,
  /(?:messages|prompt) (?:resulted in|contains) (?:at least )?(\d+)/i,
  /(?:input|prompt) \((?:length )?(\d+)/i,
  /request \((\d+) tokens\)/i,
];

function firstNumber(text: string, patterns: readonly RegExp[]): number | undefined {
  for (const pattern of patterns) {
    const found = Number(pattern.exec(text)?.[1]);
    if (isCount(found)) return found;
  }
  return undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
