/** What a client is told whose URL is none: the mistakes that are made again and again have a hint of their own. */
import { operations } from '@xerotier/public-api/operations';

/** Longer ones are no slip of the pen. */
const PATH_LENGTH_MAX = 256;

const PROJECT = String.raw`/proj_[A-Za-z0-9_-]+(?:/(?!v\d(?:/|$))[a-z0-9-]+)?`;
const PROJECT_BASE = `(?:${PROJECT})?`;
const BASE_URL = new RegExp(`^${PROJECT_BASE}/v1$`);
const WITHOUT_VERSION = new RegExp(`^${PROJECT}$`);
const BELOW_BASE_URL = new RegExp(`^${PROJECT_BASE}/v1/`);
const TWO_VERSIONS = /\/v\d\/v\d(?=\/|$)/;

/** APIs of OpenAI that are not served, by the first part of their paths. */
const NOT_SERVED = [
  'assistants',
  'batches',
  'completions',
  'containers',
  'conversations',
  'edits',
  'engines',
  'evals',
  'files',
  'fine_tuning',
  'moderations',
  'realtime',
  'responses',
  'threads',
  'uploads',
  'vector_stores',
  'videos',
] as const;
const OF_ANOTHER_API = new RegExp(`^(${PROJECT_BASE})(?:/v\\d)?/(${NOT_SERVED.join('|')})(?:/|$)`);

/** What chat completions can be used instead of. */
const CHAT_INSTEAD: Readonly<Record<string, string>> = {
  completions: 'The legacy completions API is not served',
  responses: 'The Responses API is not served yet',
};

/** The routes below `/v1`, such as `/chat/completions`. */
const routes = operations
  .filter(({ permission }) => permission !== null)
  .map(({ path }) => new RegExp(`^(.*?)(${path.replace(/^\/v\d/, '').replaceAll(/\{\+?\w+\}/g, '[^/]+')})$`));

const BASE_URLS = 'A base URL is /v1, /{project}/v1 or /{project}/{endpoint}/v1.';
const ROUTES = 'GET /docs lists what is served.';

/** @param path without a query, and without slashes too many. */
export function unknownUrlHint(path: string): string {
  if (path.length > PATH_LENGTH_MAX) return `${BASE_URLS} ${ROUTES}`;
  if (TWO_VERSIONS.test(path)) {
    return `It has a version twice: the base URL ends in /v1, and what follows does not begin with it. Did you mean ${path.replace(TWO_VERSIONS, '/v1')}?`;
  }
  if (BASE_URL.test(path)) return `This is a base URL: requests go below it, such as POST ${path}/chat/completions.`;
  // Before what is not served: `/proj_1/chat/completions` has no version, and is not the legacy completions of an endpoint `chat`.
  const meant = meantPath(path);
  if (meant !== undefined) return `Did you mean ${meant}? ${BASE_URLS}`;
  const [, base = '', api] = OF_ANOTHER_API.exec(path) ?? [];
  if (api !== undefined) {
    const instead = CHAT_INSTEAD[api];
    return instead === undefined
      ? `The API of /${api} is not served. ${ROUTES}`
      : `${instead}: send messages to ${base}/v1/chat/completions.`;
  }
  if (BELOW_BASE_URL.test(path)) return `The base URL is right, and nothing is served under this path. ${ROUTES}`;
  if (WITHOUT_VERSION.test(path)) return `Did you mean the base URL ${path}/v1? ${ROUTES}`;
  return `${BASE_URLS} ${ROUTES}`;
}

/** The path of a known route whose base has no version, or another one. */
function meantPath(path: string): string | undefined {
  for (const route of routes) {
    const [, before = '', tail] = route.exec(path) ?? [];
    if (tail === undefined) continue;
    const base = before.replace(/\/v\d$/, '');
    if (`${base}/v1${tail}` === path) return undefined;
    return `${base === '' || WITHOUT_VERSION.test(base) ? base : ''}/v1${tail}`;
  }
  return undefined;
}
