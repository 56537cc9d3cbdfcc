import { Inject, Injectable } from '@nestjs/common';
import { secondFactorContract } from '@xerotier/contracts/auth';
import type { Logger } from '@xerotier/log';
import { LOGGER, Serves } from '@xerotier/service-host';
import { logRejected } from '../attempts/log-rejected.ts';
import { SecondFactorService } from './second-factor.service.ts';
import type { SecondFactorInput, SecondFactorOutput } from './second-factor.service.ts';

const operations = secondFactorContract.operations;

/** Serves the second factor of accounts. */
@Injectable()
export class SecondFactorHandlers {
  constructor(
    private readonly secondFactor: SecondFactorService,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  @Serves(operations.beginTotp)
  begin(input: SecondFactorInput<'beginTotp'>): Promise<SecondFactorOutput<'beginTotp'>> {
    return logRejected(this.log, 'beginTotp', input, () => this.secondFactor.begin(input));
  }

  @Serves(operations.confirmTotp)
  confirm(input: SecondFactorInput<'confirmTotp'>): Promise<SecondFactorOutput<'confirmTotp'>> {
    return logRejected(this.log, 'confirmTotp', input, () => this.secondFactor.confirm(input));
  }

  @Serves(operations.replaceRecoveryCodes)
  replaceRecoveryCodes(
    input: SecondFactorInput<'replaceRecoveryCodes'>,
  ): Promise<SecondFactorOutput<'replaceRecoveryCodes'>> {
    return logRejected(this.log, 'replaceRecoveryCodes', input, () => this.secondFactor.replaceRecoveryCodes(input));
  }

  @Serves(operations.disableTotp)
  async disable(input: SecondFactorInput<'disableTotp'>): Promise<Record<string, never>> {
    await logRejected(this.log, 'disableTotp', input, () => this.secondFactor.disable(input));
    return {};
  }
}
