import { z } from 'zod';
import { publicModel } from '../models/response.ts';
import { components } from '../openapi/components.ts';
import { page } from '../page/page.ts';
import { modelSource } from './request.ts';

const ofUploads = 'Null for a model of the platform, as in the fields below.';
const integer = z.number().int().nullable();
const text = z.string().nullable();

export const catalogueModel = publicModel
  .extend({
    name: z.string().describe('The `model` of requests and responses.'),
    source: modelSource.describe('The platform, this project, or another project that shares it.'),
    context_tokens: integer.describe('Null if unknown.'),
    role: z
      .enum(['private', 'deployable', 'shared'])
      .nullable()
      .describe('Who may use it, besides its project: nobody; endpoints on the tier `self_hosted`; all endpoints.'),
    shared: z.boolean().describe('Whether other projects see it.'),
    shared_at: integer.describe('Unix time in seconds. Null if it is not shared.'),
    format: z.enum(['gguf', 'safetensors']).nullable().describe(ofUploads),
    bytes: integer.describe('Of all files of the latest version.'),
    status: z.literal('ready').nullable(),
    version: text.describe('The number of the latest version.'),
    architecture: text,
    quantization: text,
    parameters: integer,
    description: text,
    license: text,
    tags: z.array(z.string()),
    workload_types: z.array(z.string()),
  })
  .register(components, { id: 'CatalogueModel' });

export const catalogueList = page(catalogueModel).register(components, { id: 'CatalogueModelList' });

export const catalogueModelDeleted = z
  .object({ id: z.string(), object: z.literal('model.deleted'), deleted: z.literal(true) })
  .register(components, { id: 'CatalogueModelDeleted' });

export const publicModelVersion = z
  .object({
    id: z.string(),
    object: z.literal('model.version'),
    version: z.string().describe('Semantic.'),
    is_latest: z.boolean(),
    created: z.number().int().describe('Unix time in seconds.'),
    version_notes: text,
    status: z.literal('ready').nullable(),
  })
  .register(components, { id: 'ModelVersion' });

export const modelVersionList = page(publicModelVersion).register(components, { id: 'ModelVersionList' });

export const modelVersionDeleted = z
  .object({
    id: z.string(),
    object: z.literal('model.version.deleted'),
    version: z.string(),
    deleted: z.literal(true),
  })
  .register(components, { id: 'ModelVersionDeleted' });
