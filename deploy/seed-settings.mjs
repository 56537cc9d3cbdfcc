/** The settings of deploy/seed.mjs. The services that it calls read their own from the same environment. */
import { integer, secret, setting, url } from '@xerotier/config';
import { endpointTask, tierSlug } from '@xerotier/contracts/auth';
import { modelId, slug } from '@xerotier/contracts/ids';
import { z } from 'zod';

/** In this order: a model exists before its endpoint. */
export const calledServices = ['router', 'auth'];

export const settings = {
  stateDir: setting(
    'SEED_STATE_DIR',
    z.string().min(1),
    'Folder for the generated keys. Use a volume, or the next start generates new ones.',
  ),
  publicUrl: setting(
    'SEED_PUBLIC_URL',
    url('http', 'https').default('http://127.0.0.1:8080'),
    'Base URL of the gateway for clients, for printed examples only. Default http://127.0.0.1:8080.',
  ),
  teamName: setting('SEED_TEAM_NAME', z.string().min(1).default('Demo team'), 'Name of the team. Default Demo team.'),
  projectName: setting('SEED_PROJECT_NAME', z.string().min(1).default('Demo'), 'Name of the project. Default Demo.'),
  projectSlug: setting(
    'SEED_PROJECT_SLUG',
    slug.default('demo'),
    'Slug of the project, part of its keys. Default demo.',
  ),
  apiKey: secret(
    'SEED_API_KEY',
    z.string().optional(),
    'An inference key in the format xero_{project slug}_{43 characters}{checksum}. Default: one is generated at the first start, stored in SEED_STATE_DIR and printed once.',
  ),
  endpointSlug: setting('SEED_ENDPOINT_SLUG', slug.default('chat'), 'Slug of the endpoint. Default chat.'),
  task: setting(
    'SEED_ENDPOINT_TASK',
    endpointTask.default('generate'),
    'Task of the endpoint: generate, embed, score, transcribe, speak or image. Default generate.',
  ),
  tier: setting('SEED_TIER', tierSlug.default('self_hosted'), 'Service tier of the endpoint. Default self_hosted.'),
  model: {
    id: setting(
      'SEED_MODEL_ID',
      modelId,
      'Id of the model behind the endpoint: the XIM_MODEL_ID of the workers that serve it.',
    ),
    name: setting('SEED_MODEL_NAME', z.string().min(1).optional(), 'Name that clients see. Default: the id.'),
    ownedBy: setting('SEED_MODEL_OWNER', z.string().min(1).default('local'), 'Owner of the model. Default local.'),
    contextTokens: setting(
      'SEED_CONTEXT_TOKENS',
      integer({ min: 16, max: 10_000_000 }).default(4_096),
      'Context window of the model in tokens. Default 4096.',
    ),
  },
};
