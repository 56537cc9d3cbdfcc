/** What is believed of a configuration. The largest models have about a tenth of each. */
export const LIMITS = {
  layers: 1_024,
  heads: 8_192,
  headSize: 65_536,
  hiddenSize: 1_048_576,
  feedForwardSize: 16_777_216,
  vocabularySize: 16_777_216,
  experts: 65_536,
  stateSize: 65_536,
  kernel: 256,
  contextTokens: 1_073_741_824,
  /** 1 PiB. */
  bytes: 2 ** 50,
  parameters: 2 ** 50,
} as const;

/** Products of limits may be larger than what JSON carries exactly. */
export function bounded(count: number): number {
  return Math.min(Math.ceil(count), Number.MAX_SAFE_INTEGER);
}
