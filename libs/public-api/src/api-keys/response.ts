import { z } from 'zod';
import { components } from '../openapi/components.ts';
import { page } from '../page/page.ts';
import { keyScope } from './request.ts';

export const apiKeyId = z.string().regex(/^key_[0-9a-f]{24}$/);

const fields = {
  id: apiKeyId,
  object: z.literal('api_key'),
  name: z.string(),
  scopes: z.array(keyScope),
  last4: z.string().describe('The last characters of its value.'),
  is_active: z.boolean(),
  endpoint_id: z.string().nullable().describe('The only endpoint that the key may use.'),
  ip_filter: z.object({ allow: z.array(z.string()), block: z.array(z.string()) }),
  quota: z.object({ requests: z.number().int(), window_seconds: z.number().int() }).nullable(),
  spend_cap_micros: z.number().int().nullable().describe('Millionths of a US dollar per calendar month of UTC.'),
  created_at: z.number().int().describe('Unix seconds, as all times.'),
  expires_at: z.number().int().nullable(),
  revoked_at: z.number().int().nullable(),
  last_used_at: z.number().int().nullable().describe('Up to a minute behind.'),
  previous_valid_until: z.number().int().nullable().describe('Until when the value before the last rotation is valid.'),
};

export const publicApiKey = z.object(fields).register(components, { id: 'ApiKey' });

export const apiKeyWithValue = z
  .object({ ...fields, key: z.string().describe('The value of the key. It is shown only here.') })
  .register(components, { id: 'ApiKeyWithValue' });

export const apiKeyList = page(publicApiKey).register(components, { id: 'ApiKeyList' });
