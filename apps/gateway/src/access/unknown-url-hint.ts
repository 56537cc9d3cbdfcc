/** Hints for unknown URLs, with specific hints for common mistakes. */
import { operations } from '@xerotier/public-api/operations';

/** Longer paths are not typos, and would make the expressions slow. */
const PATH_LENGTH_MAX = 256;

const PROJECT = String.raw`/proj_[A-Za-z0-9_-]+(?:/(?!v\d(?:/|$))[a-z0-9-]+)?`;
const PROJECT_BASE = `(?:${PROJECT})?`;
const BASE_URL = new RegExp(`^${PROJECT_BASE}/v1$`);
const WITHOUT_VERSION = new RegExp(`^${PROJECT}$`);
const BELOW_BASE_URL = new RegExp(`^${PROJECT_BASE}/v1/`);
const TWO_VERSIONS = /\/v\d\/v\d(?=\/|$)/;

/** OpenAI APIs that are not supported, by the first segment of their paths. */
const UNSUPPORTED = [
  'assistants',
  'completions',
  'containers',
  'edits',
  'engines',
  'evals',
  'fine_tuning',
  'moderations',
  'realtime',
  'threads',
  'vector_stores',
  'videos',
] as const;
const UNSUPPORTED_API = new RegExp(`^(${PROJECT_BASE})(?:/v\\d)?/(${UNSUPPORTED.join('|')})(?:/|$)`);

/** APIs that chat completions can replace. */
const CHAT_INSTEAD: Readonly<Record<string, string>> = {
  completions: 'The legacy completions API is not supported',
};

/** The routes below `/v1`, such as `/chat/completions`. */
const routes = operations
  .filter(({ permission }) => permission !== null)
  .map(({ path }) => new RegExp(`^(.*?)(${path.replace(/^\/v\d/, '').replaceAll(/\{\+?\w+\}/g, '[^/]+')})$`));

const BASE_URLS = 'A base URL is /v1, /{project}/v1 or /{project}/{endpoint}/v1.';
const ROUTES = 'See GET /docs for all paths.';

/** @param path without query and duplicate slashes. */
export function unknownUrlHint(path: string): string {
  if (path.length > PATH_LENGTH_MAX) return `${BASE_URLS} ${ROUTES}`;
  if (TWO_VERSIONS.test(path)) {
    return `The path contains the version twice: the base URL already ends with /v1. Did you mean ${path.replace(TWO_VERSIONS, '/v1')}?`;
  }
  if (BASE_URL.test(path))
    return `This is a base URL: send requests to paths below it, such as POST ${path}/chat/completions.`;
  // Before unsupported APIs: `/proj_1/chat/completions` lacks the version, and is not the legacy API of an endpoint `chat`.
  const suggestion = suggestedPath(path);
  if (suggestion !== undefined) return `Did you mean ${suggestion}? ${BASE_URLS}`;
  const [, base = '', api] = UNSUPPORTED_API.exec(path) ?? [];
  if (api !== undefined) {
    const instead = CHAT_INSTEAD[api];
    return instead === undefined
      ? `The /${api} API is not supported. ${ROUTES}`
      : `${instead}: use ${base}/v1/chat/completions.`;
  }
  if (BELOW_BASE_URL.test(path)) return `The base URL is correct, but the path does not exist. ${ROUTES}`;
  if (WITHOUT_VERSION.test(path)) return `Did you mean the base URL ${path}/v1? ${ROUTES}`;
  return `${BASE_URLS} ${ROUTES}`;
}

/** Returns the path with the right version, if it is a known route with a missing or another version. */
function suggestedPath(path: string): string | undefined {
  for (const route of routes) {
    const [, before = '', tail] = route.exec(path) ?? [];
    if (tail === undefined) continue;
    const base = before.replace(/\/v\d$/, '');
    if (`${base}/v1${tail}` === path) return undefined;
    return `${base === '' || WITHOUT_VERSION.test(base) ? base : ''}/v1${tail}`;
  }
  return undefined;
}
