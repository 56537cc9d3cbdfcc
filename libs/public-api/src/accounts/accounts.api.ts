import { z } from 'zod';
import { BODY_ERRORS, SESSION_ERRORS, SIGN_IN_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { changePasswordRequest, createAccountRequest, createProjectRequest, createSessionRequest } from './request.ts';
import {
  projectList,
  publicAccount,
  publicProject,
  publicSession,
  sessionDeleted,
  sessionId,
  sessionList,
  sessionsDeleted,
} from './response.ts';

const common = { tag: 'Accounts', permission: null } as const;
const withoutSession = { ...common, auth: 'none', responseHeaders: ['Set-Cookie'] } as const;
const withSession = { ...common, auth: 'session', errors: SESSION_ERRORS } as const;
const COOKIE = 'The response sets the cookie of the session, which browsers send with further requests.';

export const createAccount = defineOperation({
  ...withoutSession,
  operationId: 'createAccount',
  method: 'post',
  path: '/api/v1/accounts',
  summary: 'Register',
  description: `Creates an account, and signs in. ${COOKIE}`,
  request: createAccountRequest,
  example: { email: 'ada@example.com', password: 'correct horse battery staple', name: 'Ada' },
  response: publicAccount,
  errors: [...SIGN_IN_ERRORS, 'email_taken'],
});

export const createSession = defineOperation({
  ...withoutSession,
  operationId: 'createSession',
  method: 'post',
  path: '/api/v1/sessions',
  summary: 'Sign in',
  description: COOKIE,
  request: createSessionRequest,
  example: { email: 'ada@example.com', password: 'correct horse battery staple' },
  response: publicSession,
  errors: [...SIGN_IN_ERRORS, 'invalid_credentials', 'account_disabled'],
});

export const deleteCurrentSession = defineOperation({
  ...withSession,
  operationId: 'deleteCurrentSession',
  method: 'delete',
  path: '/api/v1/sessions/current',
  summary: 'Sign out',
  description: 'Takes effect on all gateways within a second.',
  response: sessionDeleted,
  responseHeaders: ['Set-Cookie'],
});

export const listSessions = defineOperation({
  ...withSession,
  operationId: 'listSessions',
  method: 'get',
  path: '/api/v1/sessions',
  summary: 'List sessions',
  description: 'The active sessions of the account, newest first. There are at most 100, in one page.',
  response: sessionList,
});

export const deleteOtherSessions = defineOperation({
  ...withSession,
  operationId: 'deleteOtherSessions',
  method: 'delete',
  path: '/api/v1/sessions',
  summary: 'End all other sessions',
  response: sessionsDeleted,
});

export const deleteSession = defineOperation({
  ...withSession,
  operationId: 'deleteSession',
  method: 'delete',
  path: '/api/v1/sessions/{session}',
  summary: 'End a session',
  params: z.object({ session: sessionId.describe('The `id` of a session.') }),
  response: sessionDeleted,
  errors: [...SESSION_ERRORS, 'session_not_found'],
});

export const getAccount = defineOperation({
  ...withSession,
  operationId: 'getAccount',
  method: 'get',
  path: '/api/v1/account',
  summary: 'Get the account',
  response: publicAccount,
});

export const changePassword = defineOperation({
  ...withSession,
  operationId: 'changePassword',
  method: 'put',
  path: '/api/v1/account/password',
  summary: 'Change the password',
  description: 'Ends all other sessions. A wrong current password counts as a failed sign-in.',
  request: changePasswordRequest,
  example: { current_password: 'correct horse battery staple', new_password: 'another horse' },
  response: publicAccount,
  errors: [...SESSION_ERRORS, ...BODY_ERRORS, 'invalid_credentials', 'too_many_attempts'],
});

export const listProjects = defineOperation({
  ...withSession,
  operationId: 'listProjects',
  method: 'get',
  path: '/api/v1/projects',
  summary: 'List projects',
  description: 'Those that the account is a member of, newest first, in one page.',
  response: projectList,
});

export const createProject = defineOperation({
  ...withSession,
  operationId: 'createProject',
  method: 'post',
  path: '/api/v1/projects',
  summary: 'Create project',
  description: 'The account becomes its owner. An account can own 100 projects.',
  request: createProjectRequest,
  example: { name: 'Demo', slug: 'demo' },
  response: publicProject,
  errors: [...SESSION_ERRORS, ...BODY_ERRORS, 'limit_exceeded'],
});

/** In the order of the reference. */
export const accountsOperations = [
  createAccount,
  createSession,
  deleteCurrentSession,
  listSessions,
  deleteOtherSessions,
  deleteSession,
  getAccount,
  changePassword,
  listProjects,
  createProject,
] as const;
