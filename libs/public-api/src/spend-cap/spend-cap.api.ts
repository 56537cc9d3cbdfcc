import { BODY_ERRORS, CHANGE_ERRORS, PROJECT_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { idempotencyHeaders } from '../operation/idempotency-headers.ts';
import { spendCapRequest } from './request.ts';
import { publicSpendCap } from './response.ts';

const PATH = '/v1/management/spend-cap';
const common = { tag: 'Usage', bases: 'project', auth: 'either' } as const;

export const getSpendCap = defineOperation({
  ...common,
  operationId: 'getSpendCap',
  method: 'get',
  path: PATH,
  permission: 'budgets:read',
  summary: 'Get spend cap',
  description: 'The spend cap of the project, and what it has spent in this calendar month of UTC.',
  response: publicSpendCap,
  errors: PROJECT_ERRORS,
});

export const setSpendCap = defineOperation({
  ...common,
  operationId: 'setSpendCap',
  method: 'put',
  path: PATH,
  permission: 'budgets:write',
  headers: idempotencyHeaders,
  summary: 'Set spend cap',
  description:
    'Limits what the project spends in a calendar month of UTC. Requests that could exceed it are a 429 `insufficient_quota`.',
  request: spendCapRequest,
  example: { spend_cap_micros: 100_000_000 },
  response: publicSpendCap,
  errors: [...PROJECT_ERRORS, ...BODY_ERRORS, ...CHANGE_ERRORS],
});

/** In the order of the reference. */
export const spendCapOperations = [getSpendCap, setSpendCap] as const;
