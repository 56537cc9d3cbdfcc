/** The settings of deploy/seed.mjs. The services that it calls read their own from the same environment. */
import { integer, secret, setting, url } from '@xerotier/config';
import { endpointTask, tierSlug } from '@xerotier/contracts/auth';
import { modelId, slug } from '@xerotier/contracts/ids';
import { z } from 'zod';

/** In this order: an endpoint comes after the model that it names. */
export const calledServices = ['router', 'auth'];

export const settings = {
  stateDir: setting(
    'SEED_STATE_DIR',
    z.string().min(1),
    'Folder that keeps the keys that were made here: a volume, or the next start makes new ones.',
  ),
  publicUrl: setting(
    'SEED_PUBLIC_URL',
    url('http', 'https').default('http://127.0.0.1:8080'),
    'Where clients reach the gateway; only for what is printed. Default http://127.0.0.1:8080.',
  ),
  teamName: setting('SEED_TEAM_NAME', z.string().min(1).default('Demo team'), 'Name of the team. Default Demo team.'),
  projectName: setting('SEED_PROJECT_NAME', z.string().min(1).default('Demo'), 'Name of the project. Default Demo.'),
  projectSlug: setting(
    'SEED_PROJECT_SLUG',
    slug.default('demo'),
    'Slug of the project, a part of its keys. Default demo.',
  ),
  apiKey: secret(
    'SEED_API_KEY',
    z.string().optional(),
    'A key of your own for inference, in the format xero_{project slug}_{43 characters}{checksum}. Default: one is made at the first start, kept in SEED_STATE_DIR and printed once.',
  ),
  endpointSlug: setting('SEED_ENDPOINT_SLUG', slug.default('chat'), 'Slug of the endpoint. Default chat.'),
  task: setting(
    'SEED_ENDPOINT_TASK',
    endpointTask.default('generate'),
    'What the endpoint is for: generate, embed, score, transcribe, speak or image. Default generate.',
  ),
  tier: setting('SEED_TIER', tierSlug.default('self_hosted'), 'Service tier of the endpoint. Default self_hosted.'),
  model: {
    id: setting(
      'SEED_MODEL_ID',
      modelId,
      'Id of the model behind the endpoint: the XIM_MODEL_ID of the workers that serve it.',
    ),
    name: setting('SEED_MODEL_NAME', z.string().min(1).optional(), 'Name that clients see. Default: the id.'),
    ownedBy: setting('SEED_MODEL_OWNER', z.string().min(1).default('local'), 'Who owns the model. Default local.'),
    contextTokens: setting(
      'SEED_CONTEXT_TOKENS',
      integer({ min: 16, max: 10_000_000 }).default(4_096),
      'Context window of the model in tokens. Default 4096.',
    ),
  },
};
