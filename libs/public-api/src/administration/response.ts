import { z } from 'zod';
import { publicAccount } from '../accounts/response.ts';
import { publicTierPrice } from '../endpoints/response.ts';
import { components } from '../openapi/components.ts';
import { page } from '../page/page.ts';

export const tierDeleted = z
  .object({ id: z.string(), object: z.literal('tier.deleted'), deleted: z.literal(true) })
  .register(components, { id: 'TierDeleted' });

export const tierPriceVersion = publicTierPrice
  .extend({
    id: z.string().describe('Its version.'),
    object: z.literal('tier_price'),
    tier: z.string(),
    created_by: z.string().describe('The id of an account, or who ran the command `prices`.'),
    created_at: z.number().int(),
  })
  .register(components, { id: 'TierPriceVersion' });

export const tierPriceList = page(tierPriceVersion).register(components, { id: 'TierPriceVersionList' });

export const administeredAccount = publicAccount
  .extend({
    disabled_at: z.number().int().nullable().describe('Null if it is not disabled.'),
    projects: z.number().int().describe('How many projects it is a member of.'),
  })
  .register(components, { id: 'AdministeredAccount' });

export const administeredAccountList = page(administeredAccount).register(components, {
  id: 'AdministeredAccountList',
});

export const administeredProject = z
  .object({
    id: z.string(),
    object: z.literal('project'),
    name: z.string(),
    slug: z.string(),
    owners: z
      .array(z.object({ id: z.string(), email: z.string(), name: z.string() }))
      .describe('At most 10, the oldest ones first.'),
    members: z.number().int(),
    endpoints: z.number().int(),
    api_keys: z.number().int().describe('Active ones.'),
    archived_at: z.number().int().nullable().describe('Null if it is not archived.'),
    created_at: z.number().int().describe('Unix seconds.'),
  })
  .register(components, { id: 'AdministeredProject' });

export const administeredProjectList = page(administeredProject).register(components, {
  id: 'AdministeredProjectList',
});
