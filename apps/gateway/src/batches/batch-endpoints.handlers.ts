import { Injectable } from '@nestjs/common';
import type { EndpointTask } from '@xerotier/contracts/auth';
import { batchEndpointsContract } from '@xerotier/contracts/gateway';
import { Serves } from '@xerotier/service-host';
import type { z } from 'zod';
import { AccessService } from '../access/access.service.ts';
import { ModelDirectory } from '../models/model-directory.service.ts';

const { selectEndpoints } = batchEndpointsContract.operations;
type Input = z.output<typeof selectEndpoints.input>;

const TASKS: Readonly<Record<Input['path'], readonly EndpointTask[]>> = {
  '/v1/chat/completions': ['generate'],
  '/v1/responses': ['generate'],
  '/v1/embeddings': ['embed'],
  '/v1/rerank': ['score', 'embed'],
  '/v1/score': ['score', 'embed'],
};

/** Endpoints of lines of batches, for the batch service. */
@Injectable()
export class BatchEndpointsHandlers {
  constructor(
    private readonly access: AccessService,
    private readonly models: ModelDirectory,
  ) {}

  @Serves(selectEndpoints)
  async selectEndpoints({ projectId, keyId, path, models }: Input): Promise<z.input<typeof selectEndpoints.output>> {
    const key = { id: keyId };
    const request = { key, projectId, endpointSlug: undefined, scope: 'inference', clientAddress: '' } as const;
    const { endpoints } = await this.access.authorize(request);
    const selected: z.input<typeof selectEndpoints.output>['endpoints'] = [];
    for (const model of models) {
      const { slug, tier, modelId, defaults } = await this.models.endpointFor(model, endpoints, TASKS[path]);
      const { contextTokens } = (await this.models.get(modelId)) ?? {};
      selected.push({ slug, tier, completionTokensMax: defaults?.maxCompletionTokens, contextTokens });
    }
    return { endpoints: selected };
  }
}
