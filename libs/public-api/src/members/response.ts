import { z } from 'zod';
import { components } from '../openapi/components.ts';
import { page } from '../page/page.ts';
import { approves, memberRole } from './request.ts';

export const publicMember = z
  .object({
    id: z.string().describe('The id of the account.'),
    object: z.literal('member'),
    email: z.string(),
    name: z.string(),
    role: memberRole,
    approves,
    created_at: z.number().int().describe('Unix seconds.'),
  })
  .register(components, { id: 'Member' });

export const memberList = page(publicMember).register(components, { id: 'MemberList' });

export const memberDeleted = z
  .object({ id: z.string(), object: z.literal('member.deleted'), deleted: z.literal(true) })
  .register(components, { id: 'MemberDeleted' });
