/**
 * Limits requests to the management and account APIs, which would otherwise grow tables, and be announced to all gateways, as fast
 * as somebody can send them. A project has one allowance for all its keys and members, an account one for what it does outside of
 * projects.
 */
import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '@xerotier/errors';
import { CONFIG } from '@xerotier/service-host';
import type { FastifyRequest } from 'fastify';
import type { GatewayConfig } from '../config.ts';
import { RateLimitsService } from './rate-limits.service.ts';

@Injectable()
export class ManagementLimit {
  readonly #perMinute: number;

  constructor(
    private readonly limits: RateLimitsService,
    @Inject(CONFIG) { limits: { managementRequestsPerMinute } }: Pick<GatewayConfig, 'limits'>,
  ) {
    this.#perMinute = managementRequestsPerMinute;
  }

  /**
   * Counts a request that is authorized.
   * @throws {AppError} `limits.management_exceeded`.
   */
  async admitOrReject(request: FastifyRequest): Promise<void> {
    const owner = (request.access ?? request.memberAccess)?.project.id ?? request.session?.account.id;
    if (owner === undefined) return;
    const limits = { requestsPerMinute: this.#perMinute, tokensPerMinute: null, concurrencyMax: null };
    const bucket = { projectId: owner, keyId: 'management', tier: 'management', limits };
    const nothing = { tokens: 0, costMicros: 0 };
    const admission = await this.limits.admit(bucket, { id: request.id, ...nothing });
    admission.settle(nothing);
    const { rejection } = admission;
    if (rejection === undefined) return;
    const { retryAfterSeconds } = rejection;
    throw new AppError('limits.management_exceeded', { limit: this.#perMinute }, { retryAfterSeconds });
  }
}
