import type { StoredBatch } from '@xerotier/contracts/batch';

/** A line of a batch that is valid. */
export interface Line {
  readonly customId: string;
  readonly url: StoredBatch['endpoint'];
  readonly model: string;
  readonly body: Readonly<Record<string, unknown>>;
}
