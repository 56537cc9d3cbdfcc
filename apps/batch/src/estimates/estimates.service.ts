import { Injectable } from '@nestjs/common';
import { endpointsContract } from '@xerotier/contracts/auth';
import type { BatchEstimate } from '@xerotier/contracts/batch';
import { batchEndpointsContract } from '@xerotier/contracts/gateway';
import { Bus } from '@xerotier/nats';
import type { Batch } from '../batches/batch.entity.ts';
import { BatchesRepository } from '../batches/batches.repository.ts';
import { Allowances } from '../runs/allowances.ts';
import type { TokenTotals } from '../validation/token-totals.ts';
import { estimateOf } from './estimate.ts';
import type { SelectedEndpoint } from './estimate.ts';

const { listTiers } = endpointsContract.operations;
const { selectEndpoints } = batchEndpointsContract.operations;

/** Estimates what batches would take, with the prices of now. */
@Injectable()
export class EstimatesService {
  constructor(
    private readonly bus: Bus,
    private readonly batches: BatchesRepository,
    private readonly allowances: Allowances,
  ) {}

  /** @throws {AppError} `model.not_found`, of auth; of an outage. */
  async estimate({ projectId, keyId, endpoint: path }: Batch, totals: TokenTotals): Promise<BatchEstimate> {
    const models = [...totals.byModel.keys()];
    const { endpoints } = await this.bus.call(selectEndpoints, { projectId, keyId, path, models });
    const lines = [...totals.byModel.values()].map((tokens, at) => ({
      tokens,
      endpoint: endpoints[at] as SelectedEndpoint,
    }));
    const { tiers } = await this.bus.call(listTiers, {});
    const tokensMax = await this.allowances.tokensMaxOf(projectId);
    const enqueued = await this.batches.transaction(projectId, (manager) =>
      this.allowances.enqueued(manager, projectId),
    );
    return {
      ...estimateOf(lines, new Map(tiers.map(({ slug, price }) => [slug, price]))),
      allowance: { tokens: totals.enqueued, enqueued, tokensMax },
    };
  }
}
