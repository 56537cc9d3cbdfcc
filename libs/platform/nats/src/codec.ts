/** Messages are JSON. The compiler checks what is sent against the contract; the receiver validates it. */
import { AppError } from '@xerotier/errors';
import { z } from 'zod';

const wireError = z.object({
  code: z.string().max(128),
  message: z.string(),
  details: z.record(z.string(), z.unknown()).default({}),
  retryAfterSeconds: z.number().optional(),
  param: z.string().optional(),
});

export function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value) ?? 'null');
}

/** @throws {AppError} `bus.unreadable` when the bytes are not JSON or do not match the schema. */
export function decode<T extends z.ZodType>(schema: T, bytes: Uint8Array, subject: string): z.output<T> {
  return fit(schema, parseJson(bytes, subject), subject);
}

/** @throws {AppError} `bus.unreadable` when the bytes are not JSON. */
export function parseJson(bytes: Uint8Array, subject: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (cause) {
    throw new AppError('bus.unreadable', { subject, reason: 'it is not JSON' }, { cause });
  }
}

/** @throws {AppError} `bus.unreadable` when the value does not match the schema. */
export function fit<T extends z.ZodType>(schema: T, value: unknown, subject: string): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new AppError('bus.unreadable', {
    subject,
    reason: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`,
  });
}

export function encodeError(error: AppError): Uint8Array {
  return encode(error.toWire());
}

export function decodeError(bytes: Uint8Array, subject: string): AppError {
  return AppError.fromWire(decode(wireError, bytes, subject));
}
