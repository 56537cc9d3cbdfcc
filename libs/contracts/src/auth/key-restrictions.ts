import { z } from 'zod';

/** Addresses and networks, in CIDR notation. Empty lists: every address may use the key. */
export const ipFilter = z.object({
  /** If not empty, only these may use the key. */
  allow: z.array(z.string().max(64)).max(100),
  /** These may not use the key, even if they are allowed. */
  block: z.array(z.string().max(64)).max(100),
});
export type IpFilter = z.infer<typeof ipFilter>;

/** Requests in a window, which starts with the first request after the previous one. */
export const keyQuota = z.object({
  requests: z.number().int().positive().max(1_000_000_000),
  windowSeconds: z
    .number()
    .int()
    .min(1)
    .max(31 * 24 * 3_600),
});
export type KeyQuota = z.infer<typeof keyQuota>;
