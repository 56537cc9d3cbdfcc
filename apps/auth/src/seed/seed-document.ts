import { hasValidChecksum } from '@xerotier/api-keys';
import { endpointTask, scope, tierSlug } from '@xerotier/contracts/auth';
import { modelId, slug } from '@xerotier/contracts/ids';
import { z } from 'zod';

const name = z.string().min(1).max(256);

/** The input of `seed`. The caller generates the keys, and is the only one to see them. */
export const seedDocument = z.strictObject({
  team: z.strictObject({ name }),
  project: z.strictObject({
    /** Default: a generated id. */
    id: z
      .string()
      .regex(/^proj_[A-Z0-9]{6,32}$/, 'must be proj_ and 6 to 32 upper-case letters or digits')
      .optional(),
    name,
    slug,
  }),
  endpoints: z
    .array(z.strictObject({ slug, modelId, tier: tierSlug, task: endpointTask.default('generate') }))
    .max(1_000),
  keys: z
    .array(
      z.strictObject({
        name,
        scopes: z.array(scope).min(1).max(scope.options.length),
        value: z
          .string()
          .refine(hasValidChecksum, 'is not an API key; generate one with generateApiKey of @xerotier/api-keys'),
      }),
    )
    .max(1_000),
  /** Whether to issue a token that makes somebody the first admin and an owner of the project, if there is no admin. */
  bootstrap: z.boolean().default(false),
});

export type SeedDocument = z.output<typeof seedDocument>;
