import { Inject, Injectable } from '@nestjs/common';
import { authContract, keyAccessContract } from '@xerotier/contracts/auth';
import type { Access } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import { LOGGER, Serves } from '@xerotier/service-host';
import { metrics } from '../metrics.ts';
import { AccessService } from './access.service.ts';
import type { AccessRequest, KeyAccessRequest } from './access.service.ts';

/** Serves the auth contract. */
@Injectable()
export class AccessHandlers {
  constructor(
    private readonly access: AccessService,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  @Serves(keyAccessContract.operations.authorizeKey)
  authorizeKey(input: KeyAccessRequest): Promise<Access> {
    return this.access.authorizeKey(input);
  }

  /** Denied access is logged with the client address, to detect guessed and stolen keys. */
  @Serves(authContract.operations.authorize)
  async authorize(input: AccessRequest): Promise<Access> {
    try {
      const access = await this.access.authorize(input);
      metrics.keyVerifications.inc({ outcome: 'granted' });
      return access;
    } catch (error) {
      const { code, status } = AppError.from(error);
      metrics.keyVerifications.inc({ outcome: code });
      const { projectId, endpointSlug, clientAddress } = input;
      if (status < 500) this.log.info('access denied', { code, projectId, endpoint: endpointSlug, clientAddress });
      throw error;
    }
  }
}
