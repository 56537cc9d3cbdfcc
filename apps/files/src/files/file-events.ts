import { projectEvent } from '@xerotier/contracts/auth';
import type { ProjectEventType } from '@xerotier/contracts/auth';
import { addToOutbox } from '@xerotier/outbox';
import { randomBytes } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { File } from './file.entity.ts';

/** Adds an event of a file, which is published if and when the transaction commits. */
export async function addFileEvent(
  manager: EntityManager,
  type: Extract<ProjectEventType, `file.${string}`>,
  { projectId, id, purpose, filename, bytes }: File,
): Promise<void> {
  const event = {
    ...{ id: `evt_${randomBytes(12).toString('hex')}`, type, projectId, createdAt: Date.now() },
    data: { id, purpose, filename, bytes: Number(bytes) },
  };
  await addToOutbox(manager, projectEvent, event, { schema: 'files', values: { project: projectId } });
}
