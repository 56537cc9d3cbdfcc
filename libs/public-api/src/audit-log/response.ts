import { z } from 'zod';
import { components } from '../openapi/components.ts';
import { page } from '../page/page.ts';

const change = z.record(z.string(), z.unknown()).nullable();

const publicAuditEvent = z
  .object({
    id: z.string(),
    object: z.literal('audit_event'),
    sequence: z.number().int().describe('1 for the first event of the project, without gaps.'),
    action: z.string().describe('Such as `api_key.created`.'),
    actor: z.object({ type: z.enum(['api_key', 'user', 'operator']), id: z.string() }),
    client_address: z.string(),
    request_id: z.string(),
    target: z.object({ type: z.string(), id: z.string() }),
    before: change.describe('Null for what was created. Secrets are left out.'),
    after: change.describe('Null for what was deleted. Secrets are left out.'),
    hash: z.string().describe('SHA-256 over this event and the `previous_hash`, in hexadecimal.'),
    previous_hash: z.string(),
    created_at: z.number().int().describe('Unix seconds.'),
  })
  .register(components, { id: 'AuditEvent' });

export const auditEventList = page(publicAuditEvent).register(components, { id: 'AuditEventList' });
