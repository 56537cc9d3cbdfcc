import { z } from 'zod';
import { BODY_ERRORS, CHANGE_ERRORS, PROJECT_ERRORS } from '../operation/common-errors.ts';
import { idempotencyHeaders } from '../operation/idempotency-headers.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { apiKeysQuery, createApiKeyRequest, ipFilterRequest, quotaRequest, rotateApiKeyRequest } from './request.ts';
import { spendCapRequest } from '../spend-cap/request.ts';
import { apiKeyId, apiKeyList, apiKeyWithValue, publicApiKey } from './response.ts';

const COLLECTION = '/v1/management/api-keys';
const common = { tag: 'API keys', bases: 'project', auth: 'either' } as const;
const params = z.object({ key: apiKeyId.describe('The `id` of an API key.') });
const errors = [...PROJECT_ERRORS, 'api_key_not_found'] as const;
const changeErrors = [...errors, ...BODY_ERRORS, ...CHANGE_ERRORS] as const;

export const listApiKeys = defineOperation({
  ...common,
  operationId: 'listApiKeys',
  method: 'get',
  path: COLLECTION,
  permission: 'keys:read',
  summary: 'List API keys',
  description: 'Newest first by default. Values are never listed.',
  query: apiKeysQuery,
  response: apiKeyList,
  errors: PROJECT_ERRORS,
});

export const createApiKey = defineOperation({
  ...common,
  operationId: 'createApiKey',
  method: 'post',
  path: COLLECTION,
  permission: 'keys:write',
  headers: idempotencyHeaders,
  summary: 'Create API key',
  description: 'The response is the only one with the value of the key: store it at once.',
  request: createApiKeyRequest,
  example: { name: 'production', scopes: ['inference'] },
  response: apiKeyWithValue,
  errors: [...PROJECT_ERRORS, ...BODY_ERRORS, ...CHANGE_ERRORS, 'limit_exceeded'],
});

export const getApiKey = defineOperation({
  ...common,
  operationId: 'getApiKey',
  method: 'get',
  path: `${COLLECTION}/{key}`,
  permission: 'keys:read',
  summary: 'Get API key',
  params,
  response: publicApiKey,
  errors,
});

export const revokeApiKey = defineOperation({
  ...common,
  operationId: 'revokeApiKey',
  method: 'delete',
  path: `${COLLECTION}/{key}`,
  permission: 'keys:write',
  headers: idempotencyHeaders,
  summary: 'Revoke API key',
  description: 'Takes effect on all gateways within a second, and is permanent. The key remains listed as inactive.',
  params,
  response: publicApiKey,
  errors: changeErrors,
});

export const rotateApiKey = defineOperation({
  ...common,
  operationId: 'rotateApiKey',
  method: 'post',
  path: `${COLLECTION}/{key}/rotate`,
  permission: 'keys:write',
  headers: idempotencyHeaders,
  summary: 'Rotate API key',
  description:
    'Gives the key another value. The current one remains valid for a grace period, the one before it no longer.',
  params,
  request: rotateApiKeyRequest,
  isRequestOptional: true,
  example: { grace_seconds: 3600 },
  response: apiKeyWithValue,
  errors: [...changeErrors, 'api_key_inactive'],
});

export const setApiKeyIpFilter = defineOperation({
  ...common,
  operationId: 'setApiKeyIpFilter',
  method: 'put',
  path: `${COLLECTION}/{key}/ip-filter`,
  permission: 'keys:write',
  headers: idempotencyHeaders,
  summary: 'Set IP filter of API key',
  description: 'Replaces the filter as a whole.',
  params,
  request: ipFilterRequest,
  example: { allow: ['203.0.113.0/24'] },
  response: publicApiKey,
  errors: [...changeErrors, 'api_key_inactive'],
});

export const setApiKeyQuota = defineOperation({
  ...common,
  operationId: 'setApiKeyQuota',
  method: 'put',
  path: `${COLLECTION}/{key}/quota`,
  permission: 'keys:write',
  headers: idempotencyHeaders,
  summary: 'Set quota of API key',
  description:
    'Replaces the quota as a whole. A window starts with the first request after the previous one. Further requests in it are a 429 `insufficient_quota`.',
  params,
  request: quotaRequest,
  example: { requests: 1000, window_seconds: 3600 },
  response: publicApiKey,
  errors: [...changeErrors, 'api_key_inactive'],
});

export const setApiKeySpendCap = defineOperation({
  ...common,
  operationId: 'setApiKeySpendCap',
  method: 'put',
  path: `${COLLECTION}/{key}/spend-cap`,
  permission: 'budgets:write',
  headers: idempotencyHeaders,
  summary: 'Set spend cap of API key',
  description:
    'Limits what the key spends in a calendar month of UTC. Requests that could exceed it are a 429 `insufficient_quota`.',
  params,
  request: spendCapRequest,
  example: { spend_cap_micros: 5_000_000 },
  response: publicApiKey,
  errors: [...changeErrors, 'api_key_inactive'],
});

/** In the order of the reference. */
export const apiKeysOperations = [
  listApiKeys,
  createApiKey,
  getApiKey,
  revokeApiKey,
  rotateApiKey,
  setApiKeyIpFilter,
  setApiKeyQuota,
  setApiKeySpendCap,
] as const;
