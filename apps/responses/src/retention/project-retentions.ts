import { Injectable } from '@nestjs/common';
import { projectsContract } from '@xerotier/contracts/auth';
import { Bus } from '@xerotier/nats';

const { listRetentions } = projectsContract.operations;

/** Projects per call. */
const PROJECTS_MAX = 1_000;
/** After which time settings are read again, since a purge may take long. */
const FRESH_MS = 30_000;

export interface ProjectRetention {
  readonly projectId: string;
  readonly retentionDays: number;
}

/**
 * How long projects keep what they store, as auth tells it now: nothing is deleted by a setting that has changed, or while auth is
 * unavailable (ADR 0035).
 */
@Injectable()
export class ProjectRetentions {
  constructor(private readonly bus: Bus) {}

  /** The projects that have set one. @throws {AppError} of an outage of auth. */
  async *all(): AsyncGenerator<ProjectRetention> {
    let after: string | undefined;
    let isComplete: boolean;
    do {
      const input = { limit: PROJECTS_MAX, ...(after !== undefined && { after }) };
      const { data, hasMore } = await this.bus.call(listRetentions, input);
      const readAt = performance.now();
      isComplete = !hasMore;
      for (const retention of data) {
        if (performance.now() - readAt > FRESH_MS) {
          isComplete = false;
          break;
        }
        yield retention;
        after = retention.projectId;
      }
    } while (!isComplete);
  }
}
