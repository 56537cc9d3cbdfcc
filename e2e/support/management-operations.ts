/** The operations that manage a project, for the contract suite. */
import type { Operation } from './contract-operations.ts';

/** API keys, each with a new key as setup. */
export function apiKeyOperations(): Operation[] {
  const path = '/{project}/v1/management/api-keys';
  const key = 'management' as const;
  const create = { route: `POST ${path}`, key };
  const setup = { ...create, body: { name: 'contract' } };
  const restricted = {
    ...{ name: 'contract', scopes: ['inference', 'execution'], endpoint: null, expires_at: 4_102_444_800 },
    ...{ ip_filter: { allow: ['203.0.113.0/24'] }, quota: { requests: 1, window_seconds: 60 } },
  };
  return [
    { name: 'API keys', route: `GET ${path}`, setup, key },
    { name: 'a page of all API keys', route: `GET ${path}?limit=1&order=asc&include_inactive=true`, setup, key },
    { name: 'a new API key', ...create, body: setup.body },
    { name: 'a new API key with restrictions', ...create, body: restricted },
    { name: 'an API key', route: `GET ${path}/{id}`, setup, key },
    { name: 'a revoked API key', route: `DELETE ${path}/{id}`, setup, key },
    { name: 'a rotated API key', route: `POST ${path}/{id}/rotate`, setup, key },
    { name: 'an API key with an IP filter', route: `PUT ${path}/{id}/ip-filter`, setup, key, body: { block: ['::1'] } },
    { name: 'an API key with a quota', route: `PUT ${path}/{id}/quota`, setup, key, body: { requests: 9 } },
    {
      name: 'an API key with a spend cap',
      route: `PUT ${path}/{id}/spend-cap`,
      ...{ setup, key, body: { spend_cap_micros: 5_000_000 } },
    },
    { name: 'an API key without its quota', route: `PUT ${path}/{id}/quota`, setup, key, body: { requests: null } },
  ];
}

/** Endpoints, each with a new one as setup, and what they can be created with. */
export function endpointOperations(): Operation[] {
  const path = '/{project}/v1/management/endpoints';
  const one = `${path}/e-{unique}`;
  const key = 'management' as const;
  const body = { slug: 'e-{unique}', model: 'idle', tier: 'self_hosted' };
  const create = { route: `POST ${path}`, key };
  const setup = { ...create, body };
  const settings = {
    defaults: { temperature: 0, top_p: 0.9, max_completion_tokens: 64, system_prompt: 'Be brief.' },
    slo: { ttft_ms: 500 },
  };
  const changes = { model: 'idle', tier: 'self_hosted', defaults: { temperature: 0.5 }, slo: { tpot_ms: 50 } };
  return [
    { name: 'endpoints', route: `GET ${path}`, key },
    { name: 'a page of endpoints', route: `GET ${path}?limit=1&order=desc`, key },
    { name: 'a new endpoint', ...create, body },
    { name: 'a new endpoint with settings', ...create, body: { ...body, ...settings } },
    { name: 'an endpoint', route: `GET ${one}`, setup, key },
    { name: 'a changed endpoint', route: `PATCH ${one}`, setup, key, body: changes },
    { name: 'a paused endpoint', route: `POST ${one}/pause`, setup, key },
    { name: 'a resumed endpoint', route: `POST ${one}/resume`, setup, key },
    { name: 'a deleted endpoint', route: `DELETE ${one}`, setup, key },
    { name: 'the tiers', route: 'GET /{project}/v1/management/tiers', key },
  ];
}

/** The spend cap of the project, which is removed again. */
export function spendCapOperations(): Operation[] {
  const path = '/{project}/v1/management/spend-cap';
  const key = 'management' as const;
  const setup = { route: `PUT ${path}`, key, body: { spend_cap_micros: 1_000_000_000_000 } };
  return [
    { name: 'a new spend cap', ...setup },
    { name: 'the spend cap', route: `GET ${path}`, setup, key },
    { name: 'no spend cap', ...setup, body: { spend_cap_micros: null } },
  ];
}

/** The audit log, which has at least the changes of the operations above. */
export function auditOperations(): Operation[] {
  const path = '/{project}/v1/management/audit-log';
  const setup = {
    route: 'POST /{project}/v1/management/api-keys',
    key: 'management' as const,
    body: { name: 'contract' },
  };
  const key = 'management' as const;
  return [
    { name: 'audit events', route: `GET ${path}`, setup, key },
    { name: 'a page of audit events', route: `GET ${path}?limit=1&order=asc&action=api_key.created`, setup, key },
    {
      name: 'an exported audit log',
      route: 'GET /{project}/v1/exports/audit-log.jsonl',
      ...{ setup, key, mediaType: 'application/x-jsonlines' },
    },
  ];
}

/** Usage, of which the completions of the suite are a part. */
export function usageOperations(): Operation[] {
  const path = '/{project}/v1/usage';
  const groups = ['by-key', 'by-endpoint', 'by-model', 'by-end-user'];
  const csv = { key: 'management', mediaType: 'text/csv; charset=utf-8' } as const;
  const filter = 'start=2026-01-01&end=2026-01-02&endpoint=chat&model=scripted';
  return [
    { name: 'total usage', route: `GET ${path}/totals` },
    { name: 'total usage of a range, an endpoint and a model', route: `GET ${path}/totals?${filter}` },
    { name: 'usage by day', route: `GET ${path}/daily` },
    ...groups.map((group) => ({ name: `usage ${group}`, route: `GET ${path}/${group}` })),
    ...groups.map((group) => ({ name: `a page of usage ${group}`, route: `GET ${path}/${group}?limit=1&order=desc` })),
    { name: 'single requests', route: `GET ${path}/events` },
    { name: 'a page of single requests', route: `GET ${path}/events?limit=1&order=asc` },
    { name: 'a CSV file of requests', route: 'GET /{project}/v1/exports/usage.csv', ...csv },
    { name: 'a CSV file of an endpoint', route: 'GET /{project}/v1/exports/usage.csv?endpoint=chat', ...csv },
  ];
}

/** Budgets, each with a new one as setup. */
export function budgetOperations(): Operation[] {
  const path = '/{project}/v1/management/budgets';
  const key = 'management' as const;
  const create = { route: `POST ${path}`, key };
  const setup = { ...create, body: { name: 'contract', amount_micros: 1, thresholds: [100] } };
  const settings = { name: 'contract', amount_micros: 1_000_000, period: 'day', thresholds: [1, 1_000] };
  return [
    { name: 'budgets', route: `GET ${path}`, setup, key },
    { name: 'a page of budgets', route: `GET ${path}?limit=1&order=desc`, setup, key },
    { name: 'a new budget', ...create, body: { name: 'contract', amount_micros: 1_000_000 } },
    { name: 'a new budget with settings', ...create, body: settings },
    { name: 'a budget', route: `GET ${path}/{id}`, setup, key },
    { name: 'a changed budget', route: `PATCH ${path}/{id}`, setup, key, body: { amount_micros: 2 } },
    { name: 'the alerts of a budget', route: `GET ${path}/{id}/history`, setup, key },
    { name: 'a deleted budget', route: `DELETE ${path}/{id}`, setup, key },
  ];
}

export const managementErrors: readonly Operation[] = [
  {
    name: 'an API key with another scope for management',
    route: 'GET /{project}/v1/management/api-keys',
    status: 403,
    code: 'scope_insufficient',
  },
  {
    name: 'an unknown id of an API key',
    route: 'DELETE /{project}/v1/management/api-keys/key_000000000000000000000000',
    key: 'management',
    status: 404,
    code: 'api_key_not_found',
  },
  {
    name: 'an invalid network',
    route: 'POST /{project}/v1/management/api-keys',
    key: 'management',
    body: { name: 'k', ip_filter: { allow: ['203.0.113.0/33'] } },
    status: 400,
    code: 'invalid_request',
  },
  {
    name: 'an unknown id of a budget',
    route: 'GET /{project}/v1/management/budgets/budget_000000000000000000000000',
    key: 'management',
    status: 404,
    code: 'budget_not_found',
  },
];
