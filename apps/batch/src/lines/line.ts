import type { BatchEndpoint } from '@xerotier/contracts/gateway';

/** A line of a batch that is valid. */
export interface Line {
  readonly customId: string;
  readonly url: BatchEndpoint;
  readonly model: string;
  readonly body: Readonly<Record<string, unknown>>;
}
