import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withEveryTenant } from '@xerotier/db';
import { DataSource } from 'typeorm';
import { RollupsRepository } from './rollups.repository.ts';
import type { DayRange, ProjectDay } from './rollups.repository.ts';

const DAY_MS = 86_400_000;

/** Maintenance of the rollups, by days and projects, so that no transaction is long. */
@Injectable()
export class RollupsService {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  /** Yields the days of projects whose rollups differ from the ledger. @throws {AppError} `db.unavailable`. */
  async *differences(range: DayRange): AsyncGenerator<ProjectDay & { readonly rows: number }> {
    for await (const projectDay of this.#projectDays(range)) {
      const rows = await withEveryTenant(this.database, (manager) =>
        new RollupsRepository(manager).countDifferences(projectDay),
      );
      if (rows > 0) yield { ...projectDay, rows };
    }
  }

  /** Derives the rollups of these days from the ledger again. @throws {AppError} `db.unavailable`. */
  async rebuild(range: DayRange): Promise<void> {
    for await (const projectDay of this.#projectDays(range))
      await withEveryTenant(this.database, (manager) => new RollupsRepository(manager).rebuild(projectDay));
  }

  async *#projectDays({ start, end }: DayRange): AsyncGenerator<ProjectDay> {
    const projects = await withEveryTenant(this.database, (manager) => new RollupsRepository(manager).listProjects());
    for (const projectId of projects)
      for (let time = Date.parse(start); time < Date.parse(end); time += DAY_MS)
        yield { projectId, day: new Date(time).toISOString().slice(0, 10) };
  }
}
