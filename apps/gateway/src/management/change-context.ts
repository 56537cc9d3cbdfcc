import type { Actor, ChangeContext, SystemChangeContext } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { IDEMPOTENCY_KEY_LENGTH_MAX } from '@xerotier/public-api/operation';
import type { FastifyRequest } from 'fastify';
import { accessOf } from '../access/check-access.ts';
import { projectAccessOf } from '../access/project-access.ts';
import { ofRequest } from '../operations/operation-params.ts';
import { sessionOf } from '../sessions/check-session.ts';

/** Printable ASCII, as header values are. */
const KEY = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** Who makes a change, as `ChangeContext`. @throws {AppError} `request.invalid` for an invalid `Idempotency-Key`. */
export const Change = ofRequest(changeContextOf);

/** Exported for its tests. */
export function changeContextOf(request: FastifyRequest): ChangeContext {
  const { project } = projectAccessOf(request);
  const key = idempotencyKeyOf(request.headers);
  return {
    projectId: project.id,
    actor: actorOf(request),
    clientAddress: request.ip,
    requestId: request.id,
    ...(key !== undefined && { idempotencyKey: key }),
  };
}

/** Who changes the platform as a whole, as `SystemChangeContext`. @throws {AppError} as `Change`. */
export const SystemChange = ofRequest((request): SystemChangeContext => {
  const key = idempotencyKeyOf(request.headers);
  return {
    actor: { kind: 'user', id: sessionOf(request).account.id },
    clientAddress: request.ip,
    requestId: request.id,
    ...(key !== undefined && { idempotencyKey: key }),
  };
});

function actorOf(request: FastifyRequest): Actor {
  const { session } = request;
  return session === undefined
    ? { kind: 'api_key', id: accessOf(request).keyId }
    : { kind: 'user', id: session.account.id };
}

/** Undefined without one. @throws {AppError} `request.invalid`. */
export function idempotencyKeyOf({ 'idempotency-key': key }: FastifyRequest['headers']): string | undefined {
  if (key === undefined) return undefined;
  if (typeof key === 'string' && KEY.test(key) && key.length <= IDEMPOTENCY_KEY_LENGTH_MAX) return key;
  const reason = `Invalid 'Idempotency-Key': must be 1 to ${IDEMPOTENCY_KEY_LENGTH_MAX} printable ASCII characters.`;
  throw new AppError('request.invalid', { reason }, { param: 'Idempotency-Key' });
}
