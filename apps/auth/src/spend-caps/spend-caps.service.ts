import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { SpendCapRecord, spendCapsContract } from '@xerotier/contracts/auth';
import { withTenant } from '@xerotier/db';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { ChangesService } from '../changes/changes.service.ts';
import { ProjectsRepository } from '../projects/projects.repository.ts';
import { SpendCapsRepository } from './spend-caps.repository.ts';

type Operations = typeof spendCapsContract.operations;
export type SpendCapsInput<Name extends keyof Operations> = z.output<Operations[Name]['input']>;

/** The spend caps of projects. */
@Injectable()
export class SpendCapsService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly changes: ChangesService,
  ) {}

  /** @throws {AppError} `project.not_found`, `db.unavailable`. */
  get({ projectId }: SpendCapsInput<'getSpendCap'>): Promise<SpendCapRecord> {
    return withTenant(this.database, projectId, (manager) => new SpendCapsRepository(manager).get(projectId));
  }

  /** @throws {AppError} `project.not_found`; as `ChangesService.run`. */
  set({ context, ...input }: SpendCapsInput<'setSpendCap'>): Promise<SpendCapRecord> {
    const { projectId } = context;
    return this.changes.run(context, 'setSpendCap', input, async (manager) => {
      const projects = new ProjectsRepository(manager);
      const { slug, name, spendCapMicros: before } = await projects.lock(projectId);
      await projects.setSpendCap(projectId, input.capMicros);
      return {
        result: await new SpendCapsRepository(manager).get(projectId),
        audited: {
          action: 'project.updated',
          target: { type: 'project', id: projectId },
          before: { spendCapMicros: before === null ? null : Number(before) },
          after: { spendCapMicros: input.capMicros },
        },
        events: [{ type: 'project.updated', data: { id: projectId, slug, name } }],
        access: {},
      };
    });
  }
}
