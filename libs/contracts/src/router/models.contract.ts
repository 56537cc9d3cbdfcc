/** Models that projects upload: their versions, and what projects share with each other. */
import { storableText } from '@xerotier/public-api/fields';
import { modelName, modelVersionNumber, VERSION_NOTES_MAX } from '@xerotier/public-api/uploads';
import { z } from 'zod';
import { changeContext } from '../auth/change.ts';
import { request, service } from '../define.ts';
import { modelId, projectId } from '../ids.ts';
import { modelShape } from './model-shape.ts';

const text = storableText(256).min(1);
const time = z.number().int().nonnegative();

/** What the check of the files found out. Texts are from the upload: bounded, but not trusted. */
export const modelFacts = z.object({
  format: z.enum(['gguf', 'safetensors']),
  /** As the file calls it: `llama` (GGUF), `LlamaForCausalLM` (safetensors). */
  architecture: text,
  /** In tokens. Absent if the files do not say. */
  contextLength: z.number().int().positive().optional(),
  parameterCount: z.number().int().nonnegative(),
  /** As the file calls it: `Q4_K_M`, `BF16`, `awq`. */
  quantization: text,
  /** Absent if the configuration is not one that can be read, and for models that were checked before it was read. */
  shape: modelShape.optional(),
});
export type ModelFacts = z.infer<typeof modelFacts>;

export const modelVersion = z.object({
  id: z.uuid(),
  modelId,
  version: modelVersionNumber,
  isLatest: z.boolean(),
  notes: z.string().optional(),
  bytes: z.number().int().positive(),
  fileCount: z.number().int().positive(),
  facts: modelFacts,
  /** Unix seconds. */
  createdAt: time,
});
export type ModelVersion = z.infer<typeof modelVersion>;

/** Who may use an uploaded model, besides its project: nobody, or endpoints of any project on the tier for own workers. */
export const modelRole = z.enum(['private', 'deployable', 'shared']);
export type ModelRole = z.infer<typeof modelRole>;

/** An uploaded model, as its project and those that it is shared with see it. */
export const uploadedModel = z.object({
  id: modelId,
  name: modelName,
  /** Whether it is of the project that asked. */
  isOwn: z.boolean(),
  role: modelRole,
  description: z.string().optional(),
  license: z.string().optional(),
  tags: z.array(z.string()),
  workloadTypes: z.array(z.string()),
  /** What endpoints serve. */
  latest: modelVersion,
  /** Unix seconds. */
  createdAt: time,
  /** Absent for one that is not shared. */
  sharedAt: time.optional(),
});
export type UploadedModel = z.infer<typeof uploadedModel>;

const labels = z.array(storableText(64).min(1)).max(16);

const TIMEOUT_MS = 5_000;
const one = z.object({ projectId, modelId });
const change = z.object({ context: changeContext, modelId });
/** A version number, or the id of a version. */
const versionKey = z.string().min(1).max(64);
const CHANGE_ERRORS = ['model.not_found', 'outbox.full', 'db.unavailable'] as const;

/** The private model of another project is `model.not_found`, like one that does not exist. */
export const modelsContract = service('router', {
  /**
   * Adds a version, whose bytes are stored and checked, to the model of this name, which it creates if the project has none.
   * A repeated call with the same `versionId` returns what the first one did, or `model.version_not_found` if the version was deleted
   * in the meantime: its bytes are not needed then.
   */
  registerModelVersion: request({
    subject: 'router.v1.uploaded-models.register-version',
    timeoutMs: TIMEOUT_MS,
    input: z.object({
      projectId,
      versionId: z.uuid(),
      name: modelName,
      /** Default: 1.0.0 for a new model, else the patch after the highest version. */
      version: modelVersionNumber.optional(),
      versionNotes: storableText(VERSION_NOTES_MAX).min(1).optional(),
      bytes: z.number().int().positive(),
      fileCount: z.number().int().positive().max(10_000),
      facts: modelFacts,
      /**
       * Whether it becomes the latest one. The first version of a model always does; one that is larger than the tier of an endpoint with the
       * model allows does not.
       */
      promote: z.boolean().default(true),
      /** Who uploaded it, for the audit log. */
      uploader: changeContext.pick({ actor: true, clientAddress: true, requestId: true }).optional(),
    }),
    output: z.object({ model: uploadedModel, version: modelVersion }),
    errors: ['model.version_exists', 'model.version_not_found', 'outbox.full', 'db.unavailable'],
  }),
  /** One that the project may use: its own, or a shared one. */
  getCatalogueModel: request({
    subject: 'router.v1.uploaded-models.get',
    timeoutMs: TIMEOUT_MS,
    input: one,
    output: uploadedModel,
    errors: ['model.not_found', 'db.unavailable'],
  }),
  /** Changes what is present; null removes. */
  updateProjectModel: request({
    subject: 'router.v1.uploaded-models.update',
    timeoutMs: TIMEOUT_MS,
    input: change.extend({
      description: storableText(4_096).min(1).nullable().optional(),
      license: storableText(128).min(1).nullable().optional(),
      tags: labels.optional(),
      workloadTypes: labels.optional(),
    }),
    output: uploadedModel,
    errors: CHANGE_ERRORS,
  }),
  /** Not while it is shared, or an endpoint of any project has it. */
  deleteProjectModel: request({
    subject: 'router.v1.uploaded-models.delete',
    timeoutMs: TIMEOUT_MS,
    input: change,
    output: z.object({}),
    errors: ['model.in_use', ...CHANGE_ERRORS],
  }),
  /** From then on other projects see it, and may use it. */
  shareModel: request({
    subject: 'router.v1.uploaded-models.share',
    timeoutMs: TIMEOUT_MS,
    input: change,
    output: uploadedModel,
    errors: CHANGE_ERRORS,
  }),
  /** Endpoints that have it keep it. */
  unshareModel: request({
    subject: 'router.v1.uploaded-models.unshare',
    timeoutMs: TIMEOUT_MS,
    input: change,
    output: uploadedModel,
    errors: CHANGE_ERRORS,
  }),
  /** By time. */
  listModelVersions: request({
    subject: 'router.v1.uploaded-models.list-versions',
    timeoutMs: TIMEOUT_MS,
    input: one.extend({
      /** The last id of the previous page. */
      after: z.uuid().optional(),
      limit: z.number().int().min(1).max(100),
      order: z.enum(['asc', 'desc']),
    }),
    output: z.object({ data: z.array(modelVersion), hasMore: z.boolean() }),
    errors: ['model.not_found', 'list.unknown_cursor', 'db.unavailable'],
  }),
  /** Makes a version the latest one. That of the latest one changes nothing. */
  promoteModelVersion: request({
    subject: 'router.v1.uploaded-models.promote-version',
    timeoutMs: TIMEOUT_MS,
    input: change.extend({ version: versionKey }),
    output: modelVersion,
    errors: ['model.version_not_found', 'endpoint.model_too_large', ...CHANGE_ERRORS],
  }),
  /** Makes the version the latest one that was it before this one; repeated, it goes back further. */
  rollbackModel: request({
    subject: 'router.v1.uploaded-models.roll-back',
    timeoutMs: TIMEOUT_MS,
    input: change.extend({
      /** The version to leave: a repeated request does not go back twice. */
      from: versionKey.optional(),
    }),
    output: modelVersion,
    errors: ['model.rollback_rejected', 'endpoint.model_too_large', ...CHANGE_ERRORS],
  }),
  /** Not the latest one, unless it is the only one: its model is deleted with it then. */
  deleteModelVersion: request({
    subject: 'router.v1.uploaded-models.delete-version',
    timeoutMs: TIMEOUT_MS,
    input: change.extend({ version: versionKey }),
    output: modelVersion,
    errors: ['model.version_not_found', 'model.version_in_use', 'model.in_use', ...CHANGE_ERRORS],
  }),
  /** What projects share, by the time of it. */
  discoverModels: request({
    subject: 'router.v1.uploaded-models.discover',
    timeoutMs: TIMEOUT_MS,
    input: z.object({
      projectId,
      after: modelId.optional(),
      limit: z.number().int().min(1).max(100),
      order: z.enum(['asc', 'desc']),
      architecture: z.string().max(256).optional(),
      tag: z.string().max(64).optional(),
      /** Part of the name or the description, in any case. */
      text: z.string().max(256).optional(),
    }),
    output: z.object({ data: z.array(uploadedModel), hasMore: z.boolean() }),
    errors: ['list.unknown_cursor', 'db.unavailable'],
  }),
});
