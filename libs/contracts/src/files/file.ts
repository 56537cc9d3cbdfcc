import { filePurpose } from '@xerotier/public-api/files';
import { z } from 'zod';

/** Ids are texts of clients: one that no file can have is not found. */
export const fileId = z.string().min(1).max(256);

/** A file, without its content. Times are Unix milliseconds. */
export const storedFile = z.object({
  id: fileId,
  purpose: filePurpose,
  filename: z.string(),
  relativePath: z.string().optional(),
  bytes: z.number().int().nonnegative(),
  createdAt: z.number().int().nonnegative(),
  expiresAt: z.number().int().nonnegative().optional(),
});
export type StoredFile = z.infer<typeof storedFile>;
