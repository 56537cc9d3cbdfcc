import { Injectable } from '@nestjs/common';
import { modelVersionRemoved } from '@xerotier/contracts/router';
import { Consumes } from '@xerotier/service-host';
import type { z } from 'zod';
import { ModelAttempts } from '../uploads/model-attempts.ts';

/** Removes the files of versions that were deleted from the catalogue. What is gone already stays gone. */
@Injectable()
export class ModelRemovalsConsumer {
  constructor(private readonly attempts: ModelAttempts) {}

  @Consumes(modelVersionRemoved, { durable: 'files-model-removals' })
  async remove(events: z.output<typeof modelVersionRemoved.data>[]): Promise<void> {
    for (const { projectId, versionId } of events) await this.attempts.forgetVersion(projectId, versionId);
  }
}
