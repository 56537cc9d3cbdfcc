/**
 * The one error class. An AppError is an expected failure with a code of the error table; any other thrown value is a
 * defect and leaves a service as `internal`.
 */
import { errors, isErrorCode } from '@xerotier/contracts/errors';
import type { TemplateNames } from '@xerotier/contracts/define';
import type { ErrorCode, ErrorDefinition, ErrorTable } from '@xerotier/contracts/errors';

type PublicTemplate<C extends ErrorCode> = ErrorTable[C] extends { publicMessage: infer P extends string } ? P : never;
type Names<C extends ErrorCode> = TemplateNames<ErrorTable[C]['message'] | PublicTemplate<C>>;

/**
 * Values for the `{names}` of a code's messages. Additional details are allowed; they cross the bus but are not shown
 * to clients.
 */
export type ErrorDetails<C extends ErrorCode> = Record<Names<C>, string | number> & Record<string, unknown>;

export interface ErrorOptions {
  readonly cause?: unknown;
  /** Seconds after which a retry makes sense. */
  readonly retryAfterSeconds?: number;
  /** The invalid request field, as clients know it (`messages[0].content`). */
  readonly param?: string;
}

/** An error as serialized on the bus. */
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

  /** Deserializes an error from the bus. An unknown code becomes `internal`, with the original as its cause. */
  static fromWire(wire: WireError): AppError {
    const options = {
      ...(wire.retryAfterSeconds !== undefined && { retryAfterSeconds: wire.retryAfterSeconds }),
      ...(wire.param !== undefined && { param: wire.param }),
    };
    if (!isErrorCode(wire.code)) return new AppError('internal', {}, { ...options, cause: wire });
    return new AppError(wire.code, wire.details, options);
  }

  /** Converts any thrown value: an AppError is returned as is, anything else becomes the cause of `internal`. */
  static from(error: unknown): AppError {
    return AppError.is(error) ? error : new AppError('internal', {}, { cause: error });
  }

  /** The message for clients; `message` is for logs and other services, and may name internals. */
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

  /** Serializes the error for the bus, without its cause, which may contain internals. */
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
 * Returns the value unless it is null or undefined.
 * @throws {AppError} with the given code otherwise.
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
