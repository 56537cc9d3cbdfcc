/** What leaves the router with the commit of a change of a model. */
import { changeMade } from '@xerotier/contracts/auth';
import type { ChangeContext, ChangeMade } from '@xerotier/contracts/auth';
import { modelVersionRemoved } from '@xerotier/contracts/router';
import { addToOutbox } from '@xerotier/outbox';
import { randomBytes } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { ModelVersionEntity } from './model-version.entity.ts';
import type { UploadedModelEntity } from './uploaded-model.entity.ts';

const OUTBOX = { schema: 'router' };

/** Who made a change, and where. */
export type Author = Omit<ChangeContext, 'idempotencyKey'>;

type State = ChangeMade['before'];

/** Adds a change to the audit log of its project. @throws {AppError} `outbox.full`, `db.unavailable`. */
export async function addToAuditLog(
  manager: EntityManager,
  { projectId, actor, clientAddress, requestId }: Author,
  { action, modelId, before, after }: { action: string; modelId: string; before: State; after: State },
): Promise<void> {
  const change = {
    ...{ id: `audit_${randomBytes(12).toString('hex')}`, projectId, createdAt: Date.now() },
    ...{ action, actor, clientAddress, requestId, target: { type: 'model', id: modelId }, before, after },
  };
  await addToOutbox(manager, changeMade, change, OUTBOX);
}

/** Makes the files service delete the bytes of a version. @throws {AppError} `outbox.full`, `db.unavailable`. */
export async function announceRemoval(manager: EntityManager, version: ModelVersionEntity): Promise<void> {
  const { projectId, id: versionId } = version;
  await addToOutbox(manager, modelVersionRemoved, { projectId, versionId }, OUTBOX);
}

/** A model in the audit log. */
export function auditedModel(model: UploadedModelEntity): NonNullable<State> {
  const { name, role, description, license, tags, workloadTypes } = model;
  return { name, role, description, license, tags, workloadTypes };
}

/** A version in the audit log. */
export function auditedVersion({ id, version, notes, bytes, format }: ModelVersionEntity): NonNullable<State> {
  return { id, version, notes, bytes: Number(bytes), format };
}
