import { Injectable } from '@nestjs/common';
import { endpointsContract } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import type { z } from 'zod';

type Uses = z.output<typeof endpointsContract.operations.findModelUses.output>;

/** Which endpoints have a model, as auth knows it. */
@Injectable()
export class ModelUses {
  constructor(private readonly bus: Bus) {}

  /**
   * An endpoint that is created at the same moment may be missed. It has an unknown model then, as with one that an operator removes.
   * @throws {AppError} `model.in_use`, which names endpoints of this project only; of auth, and `bus.*`.
   */
  async assertUnused(projectId: string, modelId: string): Promise<void> {
    const { slugs, own, foreign } = await this.usesOf(projectId, modelId);
    const more = own > slugs.length ? `, and ${own - slugs.length} more` : '';
    const users = [
      ...(own > 0 ? [`${endpoints(own)} of the project (${slugs.join(', ')}${more})`] : []),
      ...(foreign > 0 ? [`${endpoints(foreign)} of other projects`] : []),
    ];
    if (users.length > 0)
      throw new AppError('model.in_use', { model: modelId, reason: `it is used by ${users.join(' and ')}` });
  }

  /** The largest model that the tiers of all endpoints with this one allow; null is unlimited. @throws {AppError} of auth, and `bus.*`. */
  async bytesMaxOf(projectId: string, modelId: string): Promise<number | null> {
    return (await this.usesOf(projectId, modelId)).bytesMax;
  }

  private usesOf(projectId: string, modelId: string): Promise<Uses> {
    return this.bus.call(endpointsContract.operations.findModelUses, { projectId, modelId });
  }
}

function endpoints(count: number): string {
  return count === 1 ? '1 endpoint' : `${count} endpoints`;
}
