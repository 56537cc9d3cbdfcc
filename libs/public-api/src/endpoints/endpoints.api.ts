import { z } from 'zod';
import { slug } from '../fields/ids.ts';
import { BODY_ERRORS, CHANGE_ERRORS, PROJECT_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { idempotencyHeaders } from '../operation/idempotency-headers.ts';
import { createEndpointRequest, endpointsQuery, updateEndpointRequest } from './request.ts';
import { endpointDeleted, endpointList, publicEndpoint, tierList } from './response.ts';

const COLLECTION = '/v1/management/endpoints';
const common = { tag: 'Endpoints', bases: 'project', auth: 'either' } as const;
const params = z.object({ slug: slug.describe('The slug of an endpoint.') });
const changeErrors = [...PROJECT_ERRORS, ...BODY_ERRORS, ...CHANGE_ERRORS] as const;
const choiceErrors = [...changeErrors, 'model_not_found', 'tier_not_found', 'limit_exceeded'] as const;

export const listEndpoints = defineOperation({
  ...common,
  operationId: 'listEndpoints',
  method: 'get',
  path: COLLECTION,
  permission: 'endpoints:read',
  summary: 'List endpoints',
  query: endpointsQuery,
  response: endpointList,
  errors: PROJECT_ERRORS,
});

export const createEndpoint = defineOperation({
  ...common,
  operationId: 'createEndpoint',
  method: 'post',
  path: COLLECTION,
  permission: 'endpoints:write',
  headers: idempotencyHeaders,
  summary: 'Create endpoint',
  description: 'It serves requests at once, if a worker has the model.',
  request: createEndpointRequest,
  example: { slug: 'my-endpoint', model: 'xero-tiny', tier: 'self_hosted' },
  response: publicEndpoint,
  errors: [...choiceErrors, 'slug_taken'],
});

export const getEndpoint = defineOperation({
  ...common,
  operationId: 'getEndpoint',
  method: 'get',
  path: `${COLLECTION}/{slug}`,
  permission: 'endpoints:read',
  summary: 'Get endpoint',
  params,
  response: publicEndpoint,
  errors: PROJECT_ERRORS,
});

export const updateEndpoint = defineOperation({
  ...common,
  operationId: 'updateEndpoint',
  method: 'patch',
  path: `${COLLECTION}/{slug}`,
  permission: 'endpoints:write',
  headers: idempotencyHeaders,
  summary: 'Update endpoint',
  description: 'Changes the fields that are present; `defaults` and `slo` are replaced as a whole.',
  params,
  request: updateEndpointRequest,
  example: { defaults: { temperature: 0.2 } },
  response: publicEndpoint,
  errors: choiceErrors,
});

export const pauseEndpoint = defineOperation({
  ...common,
  operationId: 'pauseEndpoint',
  method: 'post',
  path: `${COLLECTION}/{slug}/pause`,
  permission: 'endpoints:write',
  headers: idempotencyHeaders,
  summary: 'Pause endpoint',
  description: 'From then on it rejects requests with `endpoint_inactive`; running ones finish.',
  params,
  response: publicEndpoint,
  errors: changeErrors,
});

export const resumeEndpoint = defineOperation({
  ...common,
  operationId: 'resumeEndpoint',
  method: 'post',
  path: `${COLLECTION}/{slug}/resume`,
  permission: 'endpoints:write',
  headers: idempotencyHeaders,
  summary: 'Resume endpoint',
  params,
  response: publicEndpoint,
  errors: changeErrors,
});

export const deleteEndpoint = defineOperation({
  ...common,
  operationId: 'deleteEndpoint',
  method: 'delete',
  path: `${COLLECTION}/{slug}`,
  permission: 'endpoints:write',
  headers: idempotencyHeaders,
  summary: 'Delete endpoint',
  description: 'Its usage is kept, and its slug cannot be used again.',
  params,
  response: endpointDeleted,
  errors: changeErrors,
});

export const listTiers = defineOperation({
  ...common,
  operationId: 'listTiers',
  method: 'get',
  path: '/v1/management/tiers',
  permission: 'endpoints:read',
  summary: 'List tiers',
  description: 'The tiers that an endpoint can be created with, their limits and their current prices.',
  response: tierList,
  errors: PROJECT_ERRORS,
});

/** In the order of the reference. */
export const endpointsOperations = [
  listEndpoints,
  createEndpoint,
  getEndpoint,
  updateEndpoint,
  pauseEndpoint,
  resumeEndpoint,
  deleteEndpoint,
  listTiers,
] as const;
