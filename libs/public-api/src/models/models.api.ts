import { z } from 'zod';
import { COMMON_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { modelList, publicModel } from './response.ts';

export const listModels = defineOperation({
  operationId: 'listModels',
  method: 'get',
  path: '/v1/models',
  permission: 'models:read',
  tag: 'Models',
  summary: 'List models',
  description: 'Of an endpoint its one model, of a project all of them.',
  response: modelList,
  errors: COMMON_ERRORS,
});

export const retrieveModel = defineOperation({
  operationId: 'retrieveModel',
  method: 'get',
  path: '/v1/models/{+model}',
  permission: 'models:read',
  tag: 'Models',
  summary: 'Retrieve model',
  params: z.object({
    model: z.string().describe("A model's name or id. Slashes in it may stay as they are."),
  }),
  response: publicModel,
  errors: [...COMMON_ERRORS, 'model_not_found'],
});
