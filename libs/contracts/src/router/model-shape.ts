/** What of a model decides how much memory it takes. Workers, and whoever asks before an upload, compare it with theirs. */
import { z } from 'zod';

const count = z.number().int().positive();

/** What layers of one kind keep for a sequence. */
export const layerCache = z.discriminatedUnion('kind', [
  /** Keys and values of each token, or of the last `window` tokens. */
  z.object({
    kind: z.literal('attention'),
    layers: count,
    kvHeads: count,
    /** Elements of the key of one head. */
    keySize: count,
    valueSize: count,
    window: count.optional(),
  }),
  /** Multi-head latent attention: one compressed vector per token, whatever the number of heads. */
  z.object({ kind: z.literal('latent'), layers: count, elements: count }),
  /** A state of a fixed size per sequence. */
  z.object({ kind: z.literal('state'), layers: count, bytes: count }),
]);
export type LayerCache = z.infer<typeof layerCache>;

export const modelShape = z.object({
  /** As the files call it. From the upload: bounded, but not trusted. */
  architecture: z.string().max(256),
  /** An encoder keeps nothing between requests. Of `unknown`, only the size of the weights is known, if at all. */
  kind: z.enum(['decoder', 'encoder', 'unknown']),
  heads: count.optional(),
  hiddenSize: count.optional(),
  /** Elements between the matrices of the feed-forward layers that one token passes through, the widest layer. */
  feedForwardSize: count.optional(),
  vocabularySize: count.optional(),
  contextTokens: count.optional(),
  caches: z.array(layerCache).max(8),
  /** All experts are resident, but a token passes through the active ones. */
  experts: z.object({ count: count, active: count }).optional(),
  parameters: count.optional(),
  weightBytes: count.optional(),
  /** `files`: their sizes; `given`: somebody's word; `estimate`: from the parameters and the type. */
  weightSource: z.enum(['tensors', 'files', 'given', 'estimate']).optional(),
  /** Of the weights, as the files call it: `bfloat16`, `fp8`, `Q4_K_M`. */
  quantization: z.string().max(256).optional(),
  /** What the numbers do not take into account, for people. */
  warnings: z.array(z.string().max(512)).max(8),
});
export type ModelShape = z.infer<typeof modelShape>;
