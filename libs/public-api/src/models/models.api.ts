import { z } from 'zod';
import { COMMON_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { modelList, publicModel } from './response.ts';

export const listModels = defineOperation({
  operationId: 'listModels',
  sdk: { node: 'models.list' },
  method: 'get',
  path: '/v1/models',
  permission: 'models:read',
  tag: 'Models',
  summary: 'List models',
  description: 'On the base URL of an endpoint, its model; on that of a project, the models of all its endpoints.',
  response: modelList,
  errors: COMMON_ERRORS,
});

export const retrieveModel = defineOperation({
  operationId: 'retrieveModel',
  sdk: { node: 'models.retrieve' },
  method: 'get',
  path: '/v1/models/{+model}',
  permission: 'models:read',
  tag: 'Models',
  summary: 'Retrieve model',
  params: z.object({
    model: z.string().describe('The name or id of a model. Slashes need not be encoded.'),
  }),
  response: publicModel,
  errors: [...COMMON_ERRORS, 'model_not_found'],
});

/** In the order of the reference. */
export const modelsOperations = [listModels, retrieveModel] as const;
