/** A project and its settings. An archived project serves nothing and is not changed, until it is restored. */
import { z } from 'zod';
import { request, service } from '../define.ts';
import { projectId, slug } from '../ids.ts';
import { CHANGE_ERRORS, changeContext } from './change.ts';
import { projectRetention, projectSettings, projectSettingsChange } from './project-settings.ts';

/** Unix milliseconds. */
const instant = z.number().int().nonnegative();
const name = z.string().min(1).max(256);

export const projectDetails = z.object({
  id: projectId,
  slug,
  name,
  settings: projectSettings,
  archivedAt: instant.nullable(),
  createdAt: instant,
});
export type ProjectDetails = z.infer<typeof projectDetails>;

const TIMEOUT_MS = 5_000;
const change = z.object({ context: changeContext });

export const projectsContract = service('auth', {
  getProject: request({
    subject: 'auth.v1.project.get',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ projectId }),
    output: projectDetails,
    errors: ['project.not_found', 'db.unavailable'],
  }),
  /** Changes what is present, also of the settings. */
  updateProject: request({
    subject: 'auth.v1.project.update',
    timeoutMs: TIMEOUT_MS,
    input: change.extend({ name: name.optional(), settings: projectSettingsChange.optional() }),
    output: projectDetails,
    errors: ['project.not_found', ...CHANGE_ERRORS],
  }),
  /**
   * What the project may store: the largest maximum of the tiers of its endpoints, and without endpoints the smallest of all tiers.
   * Null is unlimited.
   */
  getStorageQuota: request({
    subject: 'auth.v1.project.get-storage-quota',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ projectId }),
    output: z.object({ bytesMax: z.number().int().nonnegative().nullable() }),
    errors: ['project.not_found', 'db.unavailable'],
  }),
  /** The tokens that the project may have enqueued in batches; otherwise as `getStorageQuota`. */
  getBatchQuota: request({
    subject: 'auth.v1.project.get-batch-quota',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ projectId }),
    output: z.object({ tokensMax: z.number().int().nonnegative().nullable() }),
    errors: ['project.not_found', 'db.unavailable'],
  }),
  /** A page of the projects that do not keep what they store, also archived ones, by id. */
  listRetentions: request({
    subject: 'auth.v1.projects.list-retentions',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ after: projectId.optional(), limit: z.number().int().min(1).max(1_000) }),
    output: z.object({ data: z.array(projectRetention).max(1_000), hasMore: z.boolean() }),
    errors: ['db.unavailable'],
  }),
  /** Archives or restores a project. Archiving an archived one changes nothing. */
  setProjectArchived: request({
    subject: 'auth.v1.project.set-archived',
    timeoutMs: TIMEOUT_MS,
    input: change.extend({ isArchived: z.boolean() }),
    output: projectDetails,
    errors: ['project.not_found', ...CHANGE_ERRORS],
  }),
});
