/** Creates a second tenant, like the first one, with the seed command of the auth service. */
import { generateApiKey } from '@xerotier/api-keys';
import { seedProject } from '@xerotier/dev';
import { randomBytes } from 'node:crypto';
import type { SuitePlatform } from './suite-platform.ts';

export interface Tenant {
  readonly projectId: string;
  readonly endpointSlug: string;
  readonly apiKey: string;
}

export interface TenantOptions {
  /** Of the endpoint. Default `self_hosted`. */
  readonly tier?: string;
  /** Of the API key. Default inference. */
  readonly scopes?: readonly string[];
}

/** Creates a team with a project, an endpoint `chat` for the given model of the plan, and an API key. */
export async function addTenant(
  platform: SuitePlatform,
  plannedModelId: string,
  { tier = 'self_hosted', scopes = ['inference'] }: TenantOptions = {},
): Promise<Tenant> {
  const slug = `tenant-${randomBytes(3).toString('hex')}`;
  const apiKey = generateApiKey(slug);
  const seed = {
    team: { name: slug },
    project: { name: slug, slug },
    endpoints: [{ slug: 'chat', modelId: platform.modelId(plannedModelId), tier }],
    keys: [{ name: 'other', scopes, value: apiKey }],
  };
  const { projectId } = await seedProject(seed, platform.authEnv);
  return { projectId, endpointSlug: 'chat', apiKey };
}
