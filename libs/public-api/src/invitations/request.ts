import { z } from 'zod';
import { memberRole } from '../members/request.ts';
import { components } from '../openapi/components.ts';
import { pageQueryFields } from '../page/page.ts';

export const createInvitationRequest = z
  .strictObject({
    email: z.email({ error: 'must be an e-mail address' }).max(254),
    role: memberRole.default('member'),
  })
  .register(components, { id: 'CreateInvitationRequest' });

export const acceptInvitationRequest = z
  .strictObject({ token: z.string().min(1).max(256).describe('The token in the link of the mail.') })
  .register(components, { id: 'AcceptInvitationRequest' });

export const invitationsQuery = z.strictObject({
  ...pageQueryFields('desc'),
  include_inactive: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')
    .describe('Whether others than pending invitations are listed too.'),
});
