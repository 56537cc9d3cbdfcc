/**
 * Errors of pg and TypeORM as ours, translated once: in the repository that met them. A failure to reach the database
 * is expected and becomes `db.unavailable`; a violated constraint is something a repository can act on; everything else
 * is a defect and stays what it is.
 */
import { AppError } from '@xerotier/errors';

/** A statement would have broken a constraint. Its message names the constraint, never the values. */
export class ConstraintViolation extends Error {
  override readonly name: string = 'ConstraintViolation';
  /** Name of the constraint or index, as in the migration. */
  readonly constraint: string;

  constructor(reason: string, constraint: string, options: { cause: unknown }) {
    super(`${reason} (${constraint})`, options);
    this.constraint = constraint;
  }
}

/** A row with the same unique values is there already. */
export class UniqueViolation extends ConstraintViolation {
  override readonly name = 'UniqueViolation';
}

/** A row refers to one that is not there, or is still referred to. */
export class ForeignKeyViolation extends ConstraintViolation {
  override readonly name = 'ForeignKeyViolation';
}

/** A value does not fit a check of its table. */
export class CheckViolation extends ConstraintViolation {
  override readonly name = 'CheckViolation';
}

/** What the violation of a constraint means to the callers of a repository, by the name of the constraint. */
export type ConstraintErrors = Readonly<Record<string, (violation: ConstraintViolation) => Error>>;

/**
 * Runs database work of a repository with its errors translated.
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

/** The translated error, or the same one when it is none of the database's expected failures. */
export function translateDbError(error: unknown): unknown {
  if (AppError.is(error)) return error;
  const { code, constraint = 'unknown constraint' } = driverErrorOf(error);
  if (code === UNIQUE_VIOLATION)
    return new UniqueViolation('a row with the same values exists', constraint, { cause: error });
  if (code === FOREIGN_KEY_VIOLATION)
    return new ForeignKeyViolation('a row that is referred to is missing, or in use', constraint, { cause: error });
  if (code === CHECK_VIOLATION) return new CheckViolation('a value does not fit', constraint, { cause: error });
  if (isUnavailability(error)) return new AppError('db.unavailable', {}, { cause: error });
  return error;
}

const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';
const CHECK_VIOLATION = '23514';

/**
 * What says that the database, and not the query, is the problem, and that it may be gone in a moment: the classes
 * connection exception (08), insufficient resources (53) and operator intervention (57, statement timeouts included),
 * and a primary that has become a standby.
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

/** pg gives these no code. */
const UNAVAILABLE_MESSAGES = [
  /^Connection terminated/,
  /^Query read timeout$/,
  /^timeout exceeded when trying to connect$/,
  /^timeout expired$/,
  /is not queryable$/,
  /^Cannot use a pool after calling end/,
  // TypeORM: the connection broke between two statements of one transaction.
  /^Query runner already released/,
];

/** Whether an error says that the database cannot be reached or cannot answer now. */
export function isUnavailability(error: unknown): boolean {
  const { code, message } = driverErrorOf(error);
  if (code !== undefined && (UNAVAILABLE_SQLSTATE.test(code) || UNAVAILABLE_NETWORK.has(code))) return true;
  return UNAVAILABLE_MESSAGES.some((pattern) => pattern.test(message));
}

interface DriverError {
  readonly code?: string | undefined;
  readonly constraint?: string | undefined;
  readonly message: string;
}

/** TypeORM wraps what pg throws; failures to connect come as they are. */
function driverErrorOf(error: unknown): DriverError {
  const inner = (error as { driverError?: unknown } | null | undefined)?.driverError ?? error;
  const { code, constraint, message } = (inner ?? {}) as Record<string, unknown>;
  return {
    code: typeof code === 'string' ? code : undefined,
    constraint: typeof constraint === 'string' ? constraint : undefined,
    message: typeof message === 'string' ? message : '',
  };
}
