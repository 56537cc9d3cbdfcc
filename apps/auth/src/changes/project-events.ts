import { Injectable } from '@nestjs/common';
import { projectEvent } from '@xerotier/contracts/auth';
import { addToOutbox } from '@xerotier/outbox';
import { randomBytes } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';

/** The `type` of an event, and its data. */
export type ProjectEvent = Pick<z.input<typeof projectEvent.data>, 'type' | 'data'>;

/** Events of projects that leave the service: webhooks and other services read them. */
@Injectable()
export class ProjectEvents {
  /** Adds an event that is published if and when the transaction commits. */
  async add(manager: EntityManager, projectId: string, { type, data }: ProjectEvent): Promise<void> {
    const event = { id: `evt_${randomBytes(12).toString('hex')}`, type, projectId, createdAt: Date.now(), data };
    await addToOutbox(manager, projectEvent, event, { schema: 'auth', values: { project: projectId } });
  }
}
