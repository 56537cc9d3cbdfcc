/** The response of `GET /`. It contains paths instead of URLs, since the public host name is unknown behind proxies. */
import type { welcome } from '@xerotier/public-api/reference';
import type { z } from 'zod';
import { version } from '../version.ts';

export function welcomeText(): string {
  const body: z.infer<typeof welcome> = {
    name: 'Xerotier',
    version,
    description:
      'An OpenAI-compatible API. Configure your client with one of the base URLs and an API key. On /v1 the key identifies the project; without an endpoint in the URL, model selects it.',
    base_urls: { key: '/v1', project: '/{project}/v1', endpoint: '/{project}/{endpoint}/v1' },
    documentation: '/docs',
    openapi: '/openapi.json',
  };
  return `${JSON.stringify(body, null, 2)}\n`;
}
