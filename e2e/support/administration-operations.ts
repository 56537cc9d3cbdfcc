/** The operations of operators of the platform, for the contract suite. */
import { randomUUID } from 'node:crypto';
import type { Operation } from './contract-operations.ts';
import { SiteVisitor } from './site-visitor.ts';
import { storedBootstrapToken } from './system-roles.ts';
import type { Prepare } from './team-operations.ts';

const ADMIN = '/api/v1/admin';
const key = 'admin' as const;

/** A signed-in user with a one-time token. */
const withBootstrapToken: Prepare = async (baseUrl, _mail, databaseUrl) => {
  const user = new SiteVisitor(baseUrl);
  const account = { email: `${randomUUID()}@example.com`, password: 'correct horse battery staple', name: 'Ada' };
  await user.send('POST', '/api/v1/accounts', account);
  return { user, values: { token: await storedBootstrapToken(databaseUrl) } };
};

/** Tiers, each with a new one as setup. */
function tierOperations(): Operation[] {
  const path = `${ADMIN}/tiers`;
  const create = { route: `POST ${path}`, key };
  const setup = { ...create, body: { id: 't_{unique}', name: 'Contract' } };
  const limits = { requests_per_minute: 1, tokens_per_minute: 1, endpoints_max: 1, concurrency_max: 1 };
  const stored = { burst_requests: 0, request_timeout_seconds: 1, idle_timeout_seconds: 1, model_bytes_max: 1 };
  const prices = { input_micros: 1, cached_input_micros: 1, output_micros: 1 };
  return [
    { name: 'all tiers', route: `GET ${path}`, key },
    { name: 'a new tier', ...create, body: setup.body },
    { name: 'a new tier with limits', ...create, body: { ...setup.body, ...limits, ...stored } },
    { name: 'a tier', route: `GET ${path}/{id}`, setup, key },
    { name: 'a changed tier', route: `PATCH ${path}/{id}`, setup, key, body: { ...limits, name: 'New' } },
    { name: 'a deleted tier', route: `DELETE ${path}/{id}`, setup, key },
    { name: 'the prices of a tier', route: `GET ${path}/free/prices`, key },
    { name: 'a page of the prices of a tier', route: `GET ${path}/free/prices?limit=1&after=9`, key },
    { name: 'new prices of a tier', route: `POST ${path}/{id}/prices`, setup, key, body: prices },
  ];
}

/** Accounts, each a new one. */
function accountOperations(): Operation[] {
  const path = `${ADMIN}/accounts`;
  const body = { email: 'contract-{unique}@example.com', password: 'correct horse battery staple', name: 'Bo' };
  const setup = { route: 'POST /api/v1/accounts', key, body };
  return [
    { name: 'all accounts', route: `GET ${path}`, key },
    { name: 'accounts of an address', route: `GET ${path}?limit=1&order=asc&email=EXAMPLE.com`, key },
    { name: 'an account for operators', route: `GET ${path}/{id}`, setup, key },
    { name: 'a disabled account', route: `POST ${path}/{id}/disable`, setup, key },
    { name: 'an enabled account', route: `POST ${path}/{id}/enable`, setup, key },
    { name: 'a system role', route: `PUT ${path}/{id}/system-role`, setup, key, body: { system_role: 'operator' } },
  ];
}

export function administrationOperations(): Operation[] {
  return [
    ...tierOperations(),
    ...accountOperations(),
    {
      name: 'a new admin with a one-time token',
      route: 'POST /api/v1/bootstrap',
      ...{ prepare: withBootstrapToken, body: { token: '{token}' } },
    },
    { name: 'all projects', route: `GET ${ADMIN}/projects`, key },
    { name: 'a page of all projects', route: `GET ${ADMIN}/projects?limit=2&order=asc`, key },
    { name: 'a project for operators', route: `GET ${ADMIN}/projects/{project}`, key },
    { name: 'the audit log of the platform', route: `GET ${ADMIN}/audit-log`, key },
    { name: 'a page of the audit log of the platform', route: `GET ${ADMIN}/audit-log?limit=1`, key },
  ];
}

export const administrationErrors: readonly Operation[] = [
  {
    name: 'a user without a system role',
    route: `GET ${ADMIN}/tiers`,
    key: 'session',
    status: 403,
    code: 'role_insufficient',
  },
  {
    name: 'the deletion of a tier in use',
    route: `DELETE ${ADMIN}/tiers/self_hosted`,
    key,
    status: 409,
    code: 'tier_in_use',
  },
  {
    name: 'an unknown one-time token',
    route: 'POST /api/v1/bootstrap',
    ...{ key: 'admin', body: { token: 'none' }, status: 400, code: 'invalid_token' },
  },
  { name: 'an unknown tier', route: `GET ${ADMIN}/tiers/none`, key, status: 404, code: 'tier_not_found' },
  { name: 'an unknown account', route: `GET ${ADMIN}/accounts/none`, key, status: 404, code: 'account_not_found' },
  {
    name: 'the reset of no second factor',
    route: `DELETE ${ADMIN}/accounts/{id}/second-factor`,
    setup: {
      route: 'POST /api/v1/accounts',
      key,
      body: { email: 'none-{unique}@example.com', password: 'correct horse battery staple', name: 'Bo' },
    },
    ...{ key, status: 404, code: 'second_factor_not_found' },
  },
  {
    name: 'prices of the past',
    route: `POST ${ADMIN}/tiers/free/prices`,
    key,
    body: { input_micros: 1, cached_input_micros: 1, output_micros: 1, valid_from: 1 },
    status: 400,
    code: 'invalid_request',
  },
];
