import { z } from 'zod';
import { memberRole } from '../members/request.ts';
import { components } from '../openapi/components.ts';
import { page } from '../page/page.ts';

export const publicInvitation = z
  .object({
    id: z.string(),
    object: z.literal('invitation'),
    email: z.string(),
    role: memberRole,
    status: z.enum(['pending', 'accepted', 'revoked', 'expired']),
    member: z.string().nullable().describe('The id of the member that has accepted it.'),
    created_at: z.number().int().describe('Unix seconds.'),
    expires_at: z.number().int(),
  })
  .register(components, { id: 'Invitation' });

export const invitationList = page(publicInvitation).register(components, { id: 'InvitationList' });
