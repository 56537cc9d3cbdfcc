import { z } from 'zod';
import { components } from '../openapi/components.ts';
import { pageQueryFields } from '../page/page.ts';

export const memberRole = z
  .enum(['owner', 'member'])
  .describe('Owners may do everything in the project; members read its management.');

export const approves = z
  .array(z.enum(['destructive', 'irreversible']))
  .max(2)
  .describe('Risk levels of operations that the member may approve. Owners may approve all of them.');

export const updateMemberRequest = z
  .strictObject({ role: memberRole.optional(), approves: approves.optional() })
  .register(components, { id: 'UpdateMemberRequest' });

export const membersQuery = z.strictObject(pageQueryFields('asc'));
