/**
 * Bytes do not pass NATS: an operation on the bus returns where one transfer may happen over HTTP, and a ticket for it. Routes of
 * the files service, each with the header `Authorization: Bearer <ticket>`; errors are `WireError`s:
 *
 *     POST /internal/v1/files     the form of a client > a `storedFile`
 *     POST /internal/v1/parts     the form of a client > a `storedPart`
 *     GET  /internal/v1/content   > the bytes of a range of a file, or of a file of a model
 */
import { z } from 'zod';

export const transferRoutes = {
  createFile: '/internal/v1/files',
  addPart: '/internal/v1/parts',
  content: '/internal/v1/content',
} as const;

/** Bytes of content, `end` excluded. */
export const byteRange = z.object({ start: z.number().int().nonnegative(), end: z.number().int().nonnegative() });

/** One transfer, which must begin within a minute. */
export const transfer = z.object({
  /** Of the instance that gave the ticket, or of all of them. */
  url: z.url(),
  ticket: z.string().min(1).max(4_096),
});
export type Transfer = z.infer<typeof transfer>;
