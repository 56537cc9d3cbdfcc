import { z } from 'zod';

/** In hexadecimal digits. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/i);

/** A file of a version of a model, without its content. */
export const storedModelFile = z.object({
  /** Without folders. */
  path: z.string().min(1).max(256),
  bytes: z.number().int().nonnegative(),
  sha256,
});
export type StoredModelFile = z.infer<typeof storedModelFile>;
