import { DataKeyEntity } from '@xerotier/data-keys';
import type { DatabaseDefinition } from '@xerotier/db';
import { IdempotencyKey } from '@xerotier/idempotency';
import { BatchAllowance } from '../batches/batch-allowance.entity.ts';
import { BatchChunk } from '../batches/batch-chunk.entity.ts';
import { BatchResult } from '../batches/batch-result.entity.ts';
import { Batch } from '../batches/batch.entity.ts';
import { AddDryRuns1796420100000 } from './migrations/1796420100000-add-dry-runs.ts';
import { AddRateSamples1796420200000 } from './migrations/1796420200000-add-rate-samples.ts';
import { CreateBatches1796410000000 } from './migrations/1796410000000-create-batches.ts';
import { NumberOutputLines1796420000000 } from './migrations/1796420000000-number-output-lines.ts';

/** The database schema of the batch service. */
export const database: DatabaseDefinition = {
  schema: 'batch',
  entities: [DataKeyEntity, IdempotencyKey, Batch, BatchChunk, BatchResult, BatchAllowance],
  migrations: [
    CreateBatches1796410000000,
    NumberOutputLines1796420000000,
    AddDryRuns1796420100000,
    AddRateSamples1796420200000,
  ],
};
