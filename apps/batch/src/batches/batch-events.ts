import { projectEvent } from '@xerotier/contracts/auth';
import type { ProjectEventType } from '@xerotier/contracts/auth';
import { addToOutbox } from '@xerotier/outbox';
import { randomBytes } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { Batch } from './batch.entity.ts';

/** Adds an event of a batch, unless it is a dry run. It is published if and when the transaction commits. */
export async function addBatchEvent(
  manager: EntityManager,
  type: Extract<ProjectEventType, `batch.${string}`>,
  { projectId, id, isDryRun }: Pick<Batch, 'projectId' | 'id' | 'isDryRun'>,
): Promise<void> {
  if (isDryRun) return;
  const event = {
    ...{ id: `evt_${randomBytes(12).toString('hex')}`, type, projectId, createdAt: Date.now() },
    data: { id },
  };
  await addToOutbox(manager, projectEvent, event, { schema: 'batch', values: { project: projectId } });
}
