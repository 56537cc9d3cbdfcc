import { projectEvent } from '@xerotier/contracts/auth';
import type { ProjectEventType } from '@xerotier/contracts/auth';
import { addToOutbox } from '@xerotier/outbox';
import { randomHex } from '@xerotier/random';
import type { EntityManager } from 'typeorm';

type Subject = 'conversation' | 'response';

/** Adds an event of a conversation or response, which is published if and when the transaction commits. */
export async function addProjectEvent(
  manager: EntityManager,
  type: Extract<ProjectEventType, `${Subject}.${string}`>,
  projectId: string,
  id: string,
): Promise<void> {
  const event = {
    ...{ id: `evt_${randomHex(12)}`, type, projectId, createdAt: Date.now() },
    data: { id },
  };
  await addToOutbox(manager, projectEvent, event, { schema: 'responses', values: { project: projectId } });
}
