import { z } from 'zod';
import { components } from '../openapi/components.ts';
import { page } from '../page/page.ts';
import { identityProviderId } from './request.ts';

const signInProvider = z
  .object({ id: identityProviderId, object: z.literal('sign_in_provider'), name: z.string() })
  .register(components, { id: 'SignInProvider' });

export const signInProviderList = page(signInProvider).register(components, { id: 'SignInProviderList' });

const publicIdentity = z
  .object({
    id: identityProviderId.describe('The provider.'),
    object: z.literal('identity'),
    email: z.string().nullable().describe('Of the provider, when it was linked.'),
    created_at: z.number().int(),
  })
  .register(components, { id: 'Identity' });

export const identityList = page(publicIdentity).register(components, { id: 'IdentityList' });

export const identityLink = z
  .object({
    object: z.literal('identity_link'),
    url: z.string().describe('Of the provider: open it in this browser, within 10 minutes.'),
  })
  .register(components, { id: 'IdentityLink' });

export const identityDeleted = z
  .object({ id: identityProviderId, object: z.literal('identity.deleted'), deleted: z.literal(true) })
  .register(components, { id: 'IdentityDeleted' });
