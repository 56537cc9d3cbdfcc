/** Operations of the account API for the contract suite. */
import { randomUUID } from 'node:crypto';
import type { Operation } from './contract-operations.ts';

/** The account of `key: 'session'`. */
export const CONTRACT_EMAIL = `contract-${randomUUID()}@example.com`;
export const CONTRACT_PASSWORD = 'correct horse battery staple';
const NEW_EMAIL = `new-${CONTRACT_EMAIL}`;

/** The account API. The session of `key: 'session'` is one of several of its account. */
export function accountOperations(): Operation[] {
  const key = 'session' as const;
  const credentials = { email: CONTRACT_EMAIL, password: CONTRACT_PASSWORD };
  const passwords = { current_password: CONTRACT_PASSWORD, new_password: CONTRACT_PASSWORD };
  const other = { route: 'POST /api/v1/sessions', body: credentials, key };
  return [
    {
      name: 'a new account',
      route: 'POST /api/v1/accounts',
      key,
      body: { ...credentials, email: NEW_EMAIL, name: 'Bo' },
    },
    { name: 'a new session', ...other },
    { name: 'sessions', route: 'GET /api/v1/sessions', key },
    { name: 'an ended session', route: 'DELETE /api/v1/sessions/{id}', setup: other, key },
    { name: 'all other sessions', route: 'DELETE /api/v1/sessions', key },
    { name: 'an account', route: 'GET /api/v1/account', key },
    { name: 'a changed password', route: 'PUT /api/v1/account/password', key, body: passwords },
    { name: 'a new project', route: 'POST /api/v1/projects', key, body: { name: 'Demo', slug: 'demo' } },
    { name: 'projects of an account', route: 'GET /api/v1/projects', key },
    { name: 'an ended current session', route: 'DELETE /api/v1/sessions/current', key },
  ];
}

export const accountErrors: readonly Operation[] = [
  { name: 'no session', route: 'GET /api/v1/account', key: 'none', status: 401, code: 'invalid_session' },
  {
    name: 'a sign-in of another site',
    route: 'POST /api/v1/sessions',
    key: 'none',
    body: { email: 'a@example.com', password: 'p' },
    status: 403,
    code: 'origin_not_allowed',
  },
  {
    name: 'a wrong password',
    route: 'POST /api/v1/sessions',
    key: 'session',
    body: { email: 'a@example.com', password: 'p' },
    status: 401,
    code: 'invalid_credentials',
  },
  {
    name: 'an e-mail address that has an account',
    route: 'POST /api/v1/accounts',
    key: 'session',
    body: { email: CONTRACT_EMAIL, password: CONTRACT_PASSWORD, name: 'Ada' },
    status: 409,
    code: 'email_taken',
  },
  {
    name: 'the project of others for a session',
    route: 'GET /{project}/v1/management/api-keys',
    key: 'session',
    status: 404,
    code: 'project_not_found',
  },
];
