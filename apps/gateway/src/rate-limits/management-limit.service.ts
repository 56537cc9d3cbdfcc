/**
 * Limits requests to the management and account APIs, which would otherwise grow tables, and be announced to all gateways, as fast
 * as somebody can send them. A project has one allowance for all its keys and members, an account one for what it does outside of
 * projects.
 */
import { Inject, Injectable } from '@nestjs/common';
import type { AdmissionLimits } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { CONFIG } from '@xerotier/service-host';
import type { FastifyRequest } from 'fastify';
import type { GatewayConfig } from '../config.ts';
import { RateLimitsService } from './rate-limits.service.ts';

@Injectable()
export class ManagementLimit {
  readonly #limits: AdmissionLimits & { readonly requestsPerMinute: number };

  constructor(
    private readonly limits: RateLimitsService,
    @Inject(CONFIG) { limits: { managementRequestsPerMinute } }: Pick<GatewayConfig, 'limits'>,
  ) {
    const requestsPerMinute = managementRequestsPerMinute;
    this.#limits = { requestsPerMinute, tokensPerMinute: null, concurrencyMax: null, burstRequests: null };
  }

  /**
   * Counts a request that is authorized.
   * @throws {AppError} `limits.management_exceeded`.
   */
  async admitOrReject(request: FastifyRequest): Promise<void> {
    const owner = (request.access ?? request.memberAccess)?.project.id ?? request.session?.account.id;
    if (owner === undefined) return;
    const bucket = { projectId: owner, keyId: 'management', tier: 'management', limits: this.#limits };
    const nothing = { tokens: 0, costMicros: 0 };
    const admission = await this.limits.admit(bucket, { id: request.id, ...nothing });
    admission.settle(nothing);
    const { rejection } = admission;
    if (rejection === undefined) return;
    const { retryAfterSeconds } = rejection;
    throw new AppError('limits.management_exceeded', { limit: this.#limits.requestsPerMinute }, { retryAfterSeconds });
  }
}
