import { z } from 'zod';
import { components } from '../openapi/components.ts';

export const totpBegun = z
  .object({
    object: z.literal('totp'),
    secret: z.string().describe('In base32. It is returned this once.'),
    uri: z.string().describe('The same for an authenticator app, usually shown as a QR code.'),
  })
  .register(components, { id: 'Totp' });

export const recoveryCodes = z
  .object({
    object: z.literal('recovery_codes'),
    recovery_codes: z.array(z.string()).describe('Each works once, instead of a code. They are returned this once.'),
  })
  .register(components, { id: 'RecoveryCodes' });

export const totpDisabled = z
  .object({ object: z.literal('totp.deleted'), deleted: z.literal(true) })
  .register(components, { id: 'TotpDeleted' });
