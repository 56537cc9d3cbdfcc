/** What `GET /` answers: enough to find the rest. Paths only, since behind which name and proxy this runs a request need not tell. */
import { readFileSync } from 'node:fs';
import type { welcome } from '@xerotier/public-api/reference';
import type { z } from 'zod';

/** The package file lies beside `src` and `dist` alike. */
const packageFile = new URL('../../package.json', import.meta.url);

export function welcomeText(): string {
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
  const greeting: z.infer<typeof welcome> = {
    name: 'Xerotier',
    version,
    description:
      'An OpenAI-compatible API. Give your client one of the base URLs and an API key: on /v1 the key names its project, and where no endpoint is named, model picks it.',
    base_urls: { key: '/v1', project: '/{project}/v1', endpoint: '/{project}/{endpoint}/v1' },
    documentation: '/docs',
    openapi: '/openapi.json',
  };
  return `${JSON.stringify(greeting, null, 2)}\n`;
}
