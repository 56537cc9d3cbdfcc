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
  const text = messageIn(body);
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

/** The forms in use: OpenAI's `error.message`, FastAPI's `detail`, and plain `message` or `error`. Of a long body, its beginning. */
export function messageIn(body: string): string {
  return messageOf(body.slice(0, BODY_LENGTH_MAX));
}

function messageOf(body: string): string {
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
