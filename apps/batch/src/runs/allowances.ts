import { Injectable } from '@nestjs/common';
import { projectsContract } from '@xerotier/contracts/auth';
import { Bus } from '@xerotier/nats';
import type { EntityManager } from 'typeorm';
import { BatchAllowance } from '../batches/batch-allowance.entity.ts';

/** The tokens that a project may have enqueued in batches. They are given back when a batch ends, whatever happens to it. */
@Injectable()
export class Allowances {
  constructor(private readonly bus: Bus) {}

  /** Null is unlimited. @throws {AppError} of auth. */
  async tokensMaxOf(projectId: string): Promise<number | null> {
    const { tokensMax } = await this.bus.call(projectsContract.operations.getBatchQuota, { projectId });
    return tokensMax;
  }

  /** What all batches of the project have. */
  async enqueued(manager: EntityManager, projectId: string): Promise<number> {
    const row = await manager.findOneBy(BatchAllowance, { projectId });
    return Number(row?.tokens ?? 0);
  }

  /** Returns whether they fit. */
  async take(manager: EntityManager, projectId: string, tokens: number, tokensMax: number | null): Promise<boolean> {
    const taken = await manager.query<unknown[]>(
      `INSERT INTO batch.batch_allowance AS enqueued (project_id, tokens)
       SELECT $1, $2::bigint WHERE $3::bigint IS NULL OR $2::bigint <= $3::bigint
       ON CONFLICT (project_id) DO UPDATE SET tokens = enqueued.tokens + $2::bigint
         WHERE $3::bigint IS NULL OR enqueued.tokens + $2::bigint <= $3::bigint
       RETURNING tokens`,
      [projectId, tokens, tokensMax],
    );
    return taken.length > 0;
  }

  async giveBack(manager: EntityManager, projectId: string, tokens: number): Promise<void> {
    if (tokens > 0)
      await manager.query('UPDATE batch.batch_allowance SET tokens = tokens - $2 WHERE project_id = $1', [
        projectId,
        tokens,
      ]);
  }
}
