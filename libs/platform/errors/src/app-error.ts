/**
 * The one error class. An AppError is an expected failure with a code of the error table; everything else that is
 * thrown is a defect and leaves a service as `internal`.
 */
import { errors, isErrorCode } from '@xerotier/contracts/errors';
import type { TemplateNames } from '@xerotier/contracts/define';
import type { ErrorCode, ErrorDefinition, ErrorTable } from '@xerotier/contracts/errors';

type PublicTemplate<C extends ErrorCode> = ErrorTable[C] extends { publicMessage: infer P extends string } ? P : never;
type Names<C extends ErrorCode> = TemplateNames<ErrorTable[C]['message'] | PublicTemplate<C>>;

/** What fills the `{names}` of a code's messages. More may be added; it crosses the bus but is shown to nobody. */
export type ErrorDetails<C extends ErrorCode> = Record<Names<C>, string | number> & Record<string, unknown>;

export interface ErrorOptions {
  readonly cause?: unknown;
  /** Seconds after which trying again makes sense. */
  readonly retryAfterSeconds?: number;
  /** The request field at fault, as clients know it (`messages[0].content`). */
  readonly param?: string;
}

/** An error as it crosses the bus. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly details: Record<string, unknown>;
  readonly retryAfterSeconds?: number | undefined;
  readonly param?: string | undefined;
}

// A registered symbol: an instance made by another copy of this package is still recognised.
const marker = Symbol.for('xerotier.app-error');

export class AppError<C extends ErrorCode = ErrorCode> extends Error {
  readonly code: C;
  readonly details: Record<string, unknown>;
  readonly retryAfterSeconds: number | undefined;
  readonly param: string | undefined;
  readonly [marker] = true;

  constructor(
    code: C,
    details?: Names<C> extends never ? Record<string, unknown> : ErrorDetails<C>,
    options: ErrorOptions = {},
  ) {
    super(
      fill(errors[code].message, details ?? {}),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = 'AppError';
    this.code = code;
    this.details = details ?? {};
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.param = options.param;
  }

  static is(error: unknown): error is AppError {
    return typeof error === 'object' && error !== null && (error as { [marker]?: boolean })[marker] === true;
  }

  /** The same error, read from the bus. A code that this build does not know becomes `internal`, with the original kept as its cause. */
  static fromWire(wire: WireError): AppError {
    const options = {
      ...(wire.retryAfterSeconds !== undefined && { retryAfterSeconds: wire.retryAfterSeconds }),
      ...(wire.param !== undefined && { param: wire.param }),
    };
    if (!isErrorCode(wire.code)) return new AppError('internal', {}, { ...options, cause: wire });
    return new AppError(wire.code, wire.details, options);
  }

  /** Any thrown value as an AppError: itself, or `internal` with the value as its cause. */
  static from(error: unknown): AppError {
    return AppError.is(error) ? error : new AppError('internal', {}, { cause: error });
  }

  /** What a client may read; `message` is for logs and other services, and may name what is inside. */
  get publicMessage(): string {
    const { publicMessage } = errors[this.code] as ErrorDefinition;
    return publicMessage === undefined ? this.message : fill(publicMessage, this.details);
  }

  get status(): number {
    return errors[this.code].status;
  }

  get retryable(): boolean {
    return errors[this.code].retryable;
  }

  /** What crosses the bus: never the cause, which may hold what the other side must not see. */
  toWire(): WireError {
    return {
      code: this.code,
      message: this.message,
      details: this.details,
      retryAfterSeconds: this.retryAfterSeconds,
      param: this.param,
    };
  }
}

/**
 * The value, when there is one.
 * @throws {AppError} with the given code when it is null or undefined.
 */
export function ensure<T, C extends ErrorCode>(
  value: T | null | undefined,
  code: C,
  details?: ConstructorParameters<typeof AppError<C>>[1],
): T {
  if (value === null || value === undefined) throw new AppError(code, details);
  return value;
}

function fill(template: string, details: Record<string, unknown>): string {
  return template.replace(/\{(\w+)\}/g, (placeholder, name: string) => {
    const value = details[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : placeholder;
  });
}
