import { z } from 'zod';
import { BODY_ERRORS, CHANGE_ERRORS, SESSION_ERRORS, SIGN_IN_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { idempotencyHeaders } from '../operation/idempotency-headers.ts';
import {
  bootstrapRequest,
  changePasswordRequest,
  completePasswordResetRequest,
  createAccountRequest,
  createProjectRequest,
  createSessionRequest,
  passwordResetRequest,
  verifyEmailRequest,
} from './request.ts';
import {
  emailVerification,
  passwordReset,
  passwordResetCompleted,
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
const TOKEN = 'zC8nA0Yx3m1V7sQkT5uJ2bR9fE6hD4gL0pWiXoNvMyk';
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

export const bootstrapAdmin = defineOperation({
  ...withoutSession,
  operationId: 'bootstrapAdmin',
  method: 'post',
  path: '/api/v1/bootstrap',
  summary: 'Become the first admin',
  description: `Registers an admin of the platform, who needs a one-time token from its operator. With the cookie of a session, that account becomes the admin, and the other fields are ignored. ${COOKIE}`,
  request: bootstrapRequest,
  example: { token: TOKEN, email: 'ada@example.com', password: 'correct horse battery staple', name: 'Ada' },
  response: publicAccount,
  errors: [...SIGN_IN_ERRORS, 'invalid_token', 'invalid_session', 'email_taken'],
});

export const createSession = defineOperation({
  ...withoutSession,
  operationId: 'createSession',
  method: 'post',
  path: '/api/v1/sessions',
  summary: 'Sign in',
  description: `${COOKIE} For an account with a second factor and the right password, a request without \`code\` is a 401 \`second_factor_required\`.`,
  request: createSessionRequest,
  example: { email: 'ada@example.com', password: 'correct horse battery staple' },
  response: publicSession,
  errors: [...SIGN_IN_ERRORS, 'invalid_credentials', 'second_factor_required', 'invalid_code', 'account_disabled'],
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

export const requestEmailVerification = defineOperation({
  ...withSession,
  operationId: 'requestEmailVerification',
  method: 'post',
  path: '/api/v1/account/email-verification',
  summary: 'Send a verification link',
  description: 'To the address of the account; nothing is sent if it is verified. The link is valid for 30 minutes.',
  response: emailVerification,
  errors: [...SESSION_ERRORS, ...BODY_ERRORS, 'too_many_attempts'],
});

export const verifyEmail = defineOperation({
  ...withSession,
  operationId: 'verifyEmail',
  method: 'post',
  path: '/api/v1/account/email-verification/confirm',
  summary: 'Verify the e-mail address',
  description: 'With the token of the mail. The pending invitations of the address are accepted.',
  request: verifyEmailRequest,
  example: { token: TOKEN },
  response: publicAccount,
  errors: [...SESSION_ERRORS, ...BODY_ERRORS, 'invalid_token'],
});

export const requestPasswordReset = defineOperation({
  ...common,
  auth: 'none',
  operationId: 'requestPasswordReset',
  method: 'post',
  path: '/api/v1/password-resets',
  summary: 'Send a link for a new password',
  description: 'The response is the same if the address has no account. The link is valid for 30 minutes.',
  request: passwordResetRequest,
  example: { email: 'ada@example.com' },
  response: passwordReset,
  errors: SIGN_IN_ERRORS,
});

export const completePasswordReset = defineOperation({
  ...common,
  auth: 'none',
  operationId: 'completePasswordReset',
  method: 'post',
  path: '/api/v1/password-resets/confirm',
  summary: 'Choose a new password',
  description: 'With the token of the mail, which works once. Ends all sessions of the account, and begins none.',
  request: completePasswordResetRequest,
  example: { token: TOKEN, new_password: 'another horse' },
  response: passwordResetCompleted,
  errors: [...SIGN_IN_ERRORS, 'invalid_token'],
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
  headers: idempotencyHeaders,
  errors: [...SESSION_ERRORS, ...BODY_ERRORS, ...CHANGE_ERRORS, 'limit_exceeded'],
});

/** In the order of the reference. */
export const accountsOperations = [
  createAccount,
  bootstrapAdmin,
  createSession,
  deleteCurrentSession,
  listSessions,
  deleteOtherSessions,
  deleteSession,
  getAccount,
  changePassword,
  requestEmailVerification,
  verifyEmail,
  requestPasswordReset,
  completePasswordReset,
  listProjects,
  createProject,
] as const;
