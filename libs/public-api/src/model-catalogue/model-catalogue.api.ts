import { z } from 'zod';
import { BODY_ERRORS, PROJECT_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import {
  catalogueQuery,
  discoverQuery,
  modelVersionsQuery,
  rollBackModelRequest,
  updateModelRequest,
} from './request.ts';
import {
  catalogueList,
  catalogueModel,
  catalogueModelDeleted,
  modelVersionDeleted,
  modelVersionList,
  publicModelVersion,
} from './response.ts';

const COLLECTION = '/v1/management/models';
const MODEL = `${COLLECTION}/{model_id}` as const;
const common = { tag: 'Model catalogue', bases: 'project', auth: 'either' } as const;
const read = { ...common, permission: 'endpoints:read' } as const;
const change = { ...common, permission: 'endpoints:write' } as const;
const modelId = z.string().describe('The id of a model.');
const params = z.object({ model_id: modelId });
const versionParams = z.object({ model_id: modelId, version: z.string().describe('The number or id of a version.') });
const readErrors = [...PROJECT_ERRORS, 'model_not_found'] as const;

export const listCatalogueModels = defineOperation({
  ...read,
  operationId: 'listCatalogueModels',
  method: 'get',
  path: COLLECTION,
  summary: 'List models of the catalogue',
  description:
    'The models that an endpoint can be created with: those of the platform, of this project, and shared ones.',
  query: catalogueQuery,
  response: catalogueList,
  errors: PROJECT_ERRORS,
});

export const discoverModels = defineOperation({
  ...read,
  operationId: 'discoverModels',
  method: 'get',
  path: `${COLLECTION}/discover`,
  summary: 'Discover shared models',
  description: 'What projects share, ordered by the time of it.',
  query: discoverQuery,
  response: catalogueList,
  errors: PROJECT_ERRORS,
});

export const getCatalogueModel = defineOperation({
  ...read,
  operationId: 'getCatalogueModel',
  method: 'get',
  path: MODEL,
  summary: 'Get model of the catalogue',
  params,
  response: catalogueModel,
  errors: readErrors,
});

export const updateCatalogueModel = defineOperation({
  ...change,
  operationId: 'updateCatalogueModel',
  method: 'patch',
  path: MODEL,
  summary: 'Update model',
  description: 'Of a model of this project, changes the fields that are present. Its name cannot be changed.',
  params,
  request: updateModelRequest,
  example: { description: 'Knows our products.', tags: ['chat'] },
  response: catalogueModel,
  errors: [...readErrors, ...BODY_ERRORS],
});

export const deleteCatalogueModel = defineOperation({
  ...change,
  operationId: 'deleteCatalogueModel',
  method: 'delete',
  path: MODEL,
  summary: 'Delete model',
  description: 'With all its versions, unless it is shared or an endpoint has it.',
  params,
  response: catalogueModelDeleted,
  errors: [...readErrors, 'model_in_use'],
});

export const shareModel = defineOperation({
  ...change,
  operationId: 'shareModel',
  method: 'post',
  path: `${MODEL}/share`,
  summary: 'Share model',
  description:
    'Other projects see its description and the facts about its latest version, and may create endpoints with it on the tier `self_hosted`. Its files are not accessible to them.',
  params,
  response: catalogueModel,
  errors: readErrors,
});

export const unshareModel = defineOperation({
  ...change,
  operationId: 'unshareModel',
  method: 'delete',
  path: `${MODEL}/share`,
  summary: 'Unshare model',
  description: 'Endpoints of other projects that have it keep it; new ones cannot be created.',
  params,
  response: catalogueModel,
  errors: readErrors,
});

export const listModelVersions = defineOperation({
  ...read,
  operationId: 'listModelVersions',
  method: 'get',
  path: `${MODEL}/versions`,
  summary: 'List versions',
  params,
  query: modelVersionsQuery,
  response: modelVersionList,
  errors: readErrors,
});

export const promoteModelVersion = defineOperation({
  ...change,
  operationId: 'promoteModelVersion',
  method: 'post',
  path: `${MODEL}/versions/{version}/promote`,
  summary: 'Promote version',
  description:
    'Makes it the latest one, which endpoints use. Workers keep the version that they have loaded until they load it again.',
  params: versionParams,
  response: publicModelVersion,
  errors: [...readErrors, 'version_not_found'],
});

export const rollBackModel = defineOperation({
  ...change,
  operationId: 'rollBackModel',
  method: 'post',
  path: `${MODEL}/rollback`,
  summary: 'Roll back',
  description: 'Makes the version the latest one that was it before. A further request goes back further.',
  params,
  request: rollBackModelRequest,
  isRequestOptional: true,
  example: { from: '1.0.1' },
  response: publicModelVersion,
  errors: [...readErrors, ...BODY_ERRORS, 'rollback_rejected'],
});

export const deleteModelVersion = defineOperation({
  ...change,
  operationId: 'deleteModelVersion',
  method: 'delete',
  path: `${MODEL}/versions/{version}`,
  summary: 'Delete version',
  description: 'Not the latest one, unless it is the only one: the model is deleted with it then.',
  params: versionParams,
  response: modelVersionDeleted,
  errors: [...readErrors, 'version_not_found', 'version_in_use', 'model_in_use'],
});

/** In the order of the reference. */
export const modelCatalogueOperations = [
  listCatalogueModels,
  discoverModels,
  getCatalogueModel,
  updateCatalogueModel,
  deleteCatalogueModel,
  shareModel,
  unshareModel,
  listModelVersions,
  promoteModelVersion,
  rollBackModel,
  deleteModelVersion,
] as const;
