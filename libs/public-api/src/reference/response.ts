import { z } from 'zod';
import { components } from '../openapi/components.ts';

export const welcome = z
  .object({
    name: z.literal('Xerotier'),
    version: z.string().describe('The version of the platform.'),
    description: z.string(),
    base_urls: z
      .object({ key: z.string(), project: z.string(), endpoint: z.string() })
      .describe('The paths of the base URLs of clients.'),
    documentation: z.string(),
    openapi: z.string(),
  })
  .register(components, { id: 'Welcome' });
