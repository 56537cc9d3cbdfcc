import { partedPurpose, uploadStatus } from '@xerotier/public-api/uploads';
import { z } from 'zod';
import { modelId } from '../ids.ts';
import { storedFile } from './file.ts';

/** Ids are texts of clients: one that no upload can have is not found. */
export const uploadId = z.string().min(1).max(256);

/** An upload in parts. Times are Unix milliseconds. */
export const storedUpload = z.object({
  id: uploadId,
  purpose: partedPurpose,
  filename: z.string(),
  bytes: z.number().int().positive(),
  status: uploadStatus,
  createdAt: z.number().int().nonnegative(),
  expiresAt: z.number().int().nonnegative(),
  /** Of a completed upload, unless the file was deleted since. */
  file: storedFile.optional(),
  /** Of a completed upload of a model. Absent if the version was deleted before its registration was known. */
  model: z.object({ id: modelId, version: z.string() }).optional(),
  /** Of a failed one: a public code, and a message for its owner. */
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});
export type StoredUpload = z.infer<typeof storedUpload>;

export const storedPart = z.object({
  id: z.string().min(1).max(64),
  uploadId,
  bytes: z.number().int().nonnegative(),
  /** In hexadecimal digits. */
  sha256: z.string().length(64),
  createdAt: z.number().int().nonnegative(),
});
export type StoredPart = z.infer<typeof storedPart>;
