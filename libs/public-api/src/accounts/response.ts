import { z } from 'zod';
import { components } from '../openapi/components.ts';
import { page } from '../page/page.ts';

export const sessionId = z.string().regex(/^sess_[0-9a-f]{24}$/);

export const publicAccount = z
  .object({
    id: z.string(),
    object: z.literal('account'),
    email: z.string(),
    name: z.string(),
    system_role: z.enum(['admin', 'operator']).nullable(),
    email_verified_at: z.number().int().nullable(),
    second_factor: z
      .object({ enabled_at: z.number().int(), recovery_codes_left: z.number().int() })
      .nullable()
      .describe('Null if no second factor is enabled.'),
    created_at: z.number().int().describe('Unix seconds, as all times.'),
  })
  .register(components, { id: 'Account' });

export const publicSession = z
  .object({
    id: sessionId,
    object: z.literal('session'),
    is_current: z.boolean().describe('Whether it is the session of this request.'),
    created_at: z.number().int(),
    last_seen_at: z.number().int().describe('Up to a minute behind.'),
    expires_at: z.number().int(),
    client_address: z.string().describe('Where it was signed in from.'),
    user_agent: z.string(),
  })
  .register(components, { id: 'Session' });

export const sessionList = page(publicSession).register(components, { id: 'SessionList' });

export const sessionDeleted = z
  .object({ id: z.string(), object: z.literal('session.deleted'), deleted: z.literal(true) })
  .register(components, { id: 'SessionDeleted' });

export const sessionsDeleted = z
  .object({ object: z.literal('sessions.deleted'), deleted: z.number().int().describe('How many sessions ended.') })
  .register(components, { id: 'SessionsDeleted' });

export const publicProject = z
  .object({
    id: z.string(),
    object: z.literal('project'),
    name: z.string(),
    slug: z.string(),
    role: z.enum(['owner', 'member']).describe('The role of the account in it.'),
    archived_at: z.number().int().nullable().describe('Null if it is not archived.'),
    created_at: z.number().int(),
  })
  .register(components, { id: 'Project' });

export const projectList = page(publicProject).register(components, { id: 'ProjectList' });

export const emailVerification = z
  .object({ object: z.literal('email_verification'), email: z.string() })
  .register(components, { id: 'EmailVerification' });

export const passwordReset = z
  .object({ object: z.literal('password_reset'), email: z.string() })
  .register(components, { id: 'PasswordReset' });

export const passwordResetCompleted = z
  .object({ object: z.literal('password_reset.completed') })
  .register(components, { id: 'PasswordResetCompleted' });
