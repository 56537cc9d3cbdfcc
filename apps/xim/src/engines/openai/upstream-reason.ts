/**
 * Extracts the reason from an error response of the upstream, for clients: addresses and credentials are removed, and the length
 * is limited.
 */
const REASON_LENGTH_MAX = 300;
/** The rest of a longer response is ignored. */
const BODY_LENGTH_MAX = 20_000;

const ADDRESS = /\b(?:[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+|(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?|localhost(?::\d+)?)/gi;
const CREDENTIAL = /\b(?:bearer\s+\S+|sk-[\w-]{6,})/gi;

/** @param secrets strings to remove, such as the configured key and host. */
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
  if (clean === '') return 'no reason given';
  return clean.length > REASON_LENGTH_MAX ? `${clean.slice(0, REASON_LENGTH_MAX)}…` : clean;
}

/** Reads OpenAI's `error.message`, FastAPI's `detail`, or a plain `message` or `error`. A long body is truncated. */
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
