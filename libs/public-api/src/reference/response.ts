import { z } from 'zod';
import { components } from '../openapi/components.ts';

export const welcome = z
  .object({
    name: z.literal('Xerotier'),
    version: z.string().describe('Of this software.'),
    description: z.string(),
    base_urls: z
      .object({ key: z.string(), project: z.string(), endpoint: z.string() })
      .describe('What follows the host in the base URL of a client.'),
    documentation: z.string(),
    openapi: z.string(),
  })
  .register(components, { id: 'Welcome' });
