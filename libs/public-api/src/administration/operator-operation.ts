/** What the operations of operators have in common. */
import { ADMINISTRATION_ERRORS, BODY_ERRORS, CHANGE_ERRORS } from '../operation/common-errors.ts';
import { idempotencyHeaders } from '../operation/idempotency-headers.ts';

export const ADMINISTRATION = '/api/v1/admin';

const common = { tag: 'Administration', permission: null, auth: 'session' } as const;

export const reading = { ...common, method: 'get', systemRole: 'operator', errors: ADMINISTRATION_ERRORS } as const;
export const changing = { ...common, headers: idempotencyHeaders } as const;
export const CHANGING_ERRORS = [...ADMINISTRATION_ERRORS, ...BODY_ERRORS, ...CHANGE_ERRORS] as const;
