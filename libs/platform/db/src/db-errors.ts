/**
 * Translates errors of pg and TypeORM, once, in the repository where they occur. An unreachable database is an expected
 * failure and becomes `db.unavailable`; a constraint violation is something a repository can handle; everything else is
 * a defect and is rethrown unchanged.
 */
import { AppError } from '@xerotier/errors';

/** A statement violated a constraint. The message names the constraint, never the values. */
export class ConstraintViolation extends Error {
  override readonly name: string = 'ConstraintViolation';
  /** Name of the constraint or index, as in the migration. */
  readonly constraint: string;

  constructor(reason: string, constraint: string, options: { cause: unknown }) {
    super(`${reason} (${constraint})`, options);
    this.constraint = constraint;
  }
}

/** A row with the same unique values exists. */
export class UniqueViolation extends ConstraintViolation {
  override readonly name = 'UniqueViolation';
}

/** A row references a missing row, or is still referenced. */
export class ForeignKeyViolation extends ConstraintViolation {
  override readonly name = 'ForeignKeyViolation';
}

/** A value violates a check constraint. */
export class CheckViolation extends ConstraintViolation {
  override readonly name = 'CheckViolation';
}

/** Maps the name of a constraint to the error that its violation means for callers of a repository. */
export type ConstraintErrors = Readonly<Record<string, (violation: ConstraintViolation) => Error>>;

/**
 * Runs database work of a repository and translates its errors.
 * @example
 * withDbErrors(() => this.projects.insert(project), {
 *   project_slug_key: (cause) => new AppError('project.slug_taken', { slug }, { cause }),
 * });
 */
export async function withDbErrors<T>(work: () => Promise<T>, byConstraint: ConstraintErrors = {}): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const translated = translateDbError(error);
    if (translated instanceof ConstraintViolation && Object.hasOwn(byConstraint, translated.constraint))
      throw byConstraint[translated.constraint]?.(translated) ?? translated;
    throw translated;
  }
}

/** Returns the translated error, or the same one when it is not an expected failure of the database. */
export function translateDbError(error: unknown): unknown {
  if (AppError.is(error)) return error;
  const { code, constraint = 'unknown constraint' } = driverErrorOf(error);
  if (code === UNIQUE_VIOLATION)
    return new UniqueViolation('A row with the same values exists', constraint, { cause: error });
  if (code === FOREIGN_KEY_VIOLATION)
    return new ForeignKeyViolation('A referenced row is missing or still in use', constraint, { cause: error });
  if (code === CHECK_VIOLATION)
    return new CheckViolation('A value violates a check constraint', constraint, { cause: error });
  if (isUnavailability(error)) return new AppError('db.unavailable', {}, { cause: error });
  return error;
}

const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';
const CHECK_VIOLATION = '23514';

/**
 * SQLSTATEs that report a problem of the database, not of the query, and may be temporary: connection exception (08),
 * insufficient resources (53), operator intervention (57, including statement timeouts), and a primary that became a
 * standby.
 */
const UNAVAILABLE_SQLSTATE = /^(?:08|53|57)...$|^25006$/;

const UNAVAILABLE_NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** pg reports these without a code. */
const UNAVAILABLE_MESSAGES = [
  /^Connection terminated/,
  /^Query read timeout$/,
  /^timeout exceeded when trying to connect$/,
  /^timeout expired$/,
  /is not queryable$/,
  /^Cannot use a pool after calling end/,
  // TypeORM: the connection broke between two statements of one transaction.
  /^Query runner already released/,
  /^Database connection provided by a query runner was already released/,
];

/** Whether an error means that the database is unreachable or does not respond. */
export function isUnavailability(error: unknown): boolean {
  const { code, message } = driverErrorOf(error);
  if (code !== undefined && (UNAVAILABLE_SQLSTATE.test(code) || UNAVAILABLE_NETWORK.has(code))) return true;
  return UNAVAILABLE_MESSAGES.some((pattern) => pattern.test(message));
}

/** Whether the values of a statement were rejected (data exceptions and constraints): the same statement fails again. */
export function isRejectedData(error: unknown): boolean {
  return error instanceof ConstraintViolation || /^(?:22|23)...$/.test(driverErrorOf(error).code ?? '');
}

interface DriverError {
  readonly code?: string | undefined;
  readonly constraint?: string | undefined;
  readonly message: string;
}

/** TypeORM wraps errors of pg, except for connection errors. */
function driverErrorOf(error: unknown): DriverError {
  const inner = (error as { driverError?: unknown } | null | undefined)?.driverError ?? error;
  const { code, constraint, message } = (inner ?? {}) as Record<string, unknown>;
  return {
    code: typeof code === 'string' ? code : undefined,
    constraint: typeof constraint === 'string' ? constraint : undefined,
    message: typeof message === 'string' ? message : '',
  };
}
