/**
 * Maps what a handler threw to the error of the reply: an error that its contract lists, a transport error, or
 * `internal`.
 */
import type { RequestContract, StreamContract } from '@xerotier/contracts/define';
import type { ErrorCode } from '@xerotier/contracts/errors';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';

/** Errors that any operation may throw: the bus itself creates them, or aborts a stream's signal with them. */
const TRANSPORT_ERRORS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'internal',
  'service.draining',
  'inference.cancelled',
  'inference.deadline_exceeded',
]);

export interface ServedOperation {
  readonly contract: RequestContract | StreamContract;
  /** Service and name of the operation (`auth.authorize`), for logs. */
  readonly operation: string;
  readonly subject: string;
  readonly log: Logger;
}

/**
 * Returns the error to reply with. Anything but an AppError that the contract lists is a defect of the handler: it is
 * logged at error, and the caller receives `internal`.
 */
export function replyError(thrown: unknown, { contract, operation, subject, log }: ServedOperation): AppError {
  const error = AppError.from(thrown);
  if (error.code === 'internal') {
    log.error('bus handler failed', { operation, subject, error: thrown });
    return error;
  }
  if (!isDeclared(error.code, contract)) {
    log.error('handler threw an undeclared error', { operation, subject, code: error.code, error });
    return new AppError('internal', {}, { cause: error });
  }
  log.debug('bus operation failed', { operation, subject, code: error.code });
  return error;
}

function isDeclared(code: ErrorCode, contract: ServedOperation['contract']): boolean {
  return contract.errors.includes(code) || code.startsWith('bus.') || TRANSPORT_ERRORS.has(code);
}
