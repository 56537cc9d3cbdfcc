import { Injectable } from '@nestjs/common';
import { readFields } from '@xerotier/http';
import { createResponseRequest } from '@xerotier/public-api/responses';
import { AccessService } from '../access/access.service.ts';
import { accessOf, withSystemPrompt } from '../access/check-access.ts';
import { latencyTargetsOf } from '../chat-completions/latency-target-headers.ts';
import { addressedEndpoint } from '../models/addressed-endpoint.ts';
import { ModelDirectory } from '../models/model-directory.service.ts';
import type { ClientRequest } from '../requests/client-request.ts';
import { fieldsOf } from '../requests/request-fields.ts';
import { requestedServiceTierOf } from '../requests/requested-service-tier.ts';
import { withResponseDefaults } from './response-defaults.ts';
import type { RequestedTurn } from './turns.service.ts';

/** Reads requests for responses: who asks, which endpoint responds, and what to. */
@Injectable()
export class ResponseRequestsService {
  constructor(
    private readonly models: ModelDirectory,
    private readonly access: AccessService,
  ) {}

  /** @throws {AppError} `request.*`, as `addressedEndpoint` and `withSystemPrompt`. */
  async read(request: ClientRequest, body: unknown): Promise<RequestedTurn> {
    const latencyTargets = latencyTargetsOf(request.headers);
    const access = accessOf(request);
    const requested = readFields(createResponseRequest, fieldsOf(body));
    const addressed = await addressedEndpoint(request, requested.model, ['generate'], this.models);
    const endpoint = await withSystemPrompt(this.access, request, addressed);
    const caller = {
      requestId: request.id,
      access,
      endpoint,
      latencyTargets: latencyTargets ?? endpoint.latencyTargets,
      requestedServiceTier: requestedServiceTierOf(requested.service_tier),
      endUser: requested.user,
    };
    const turn = withResponseDefaults(requested, endpoint, access);
    return { caller, request: turn, systemPrompt: endpoint.defaults?.systemPrompt };
  }
}
