import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { CONFIG, LOGGER, PeriodicTask } from '@xerotier/service-host';
import type { AuthConfig } from '../config.ts';
import { BootstrapService } from './bootstrap.service.ts';

const INTERVAL_MS = 2_000;

/**
 * Makes the account of `BOOTSTRAP_ADMIN_EMAIL` the admin, within seconds after its address was verified. It looks instead of being
 * told: an address can be verified in several ways, also before the setting was made, and a lost process loses nothing.
 */
@Injectable()
export class BootstrapAddress extends PeriodicTask {
  readonly #email: string | undefined;

  constructor(
    private readonly service: BootstrapService,
    @Inject(CONFIG) { bootstrap: { adminEmail } }: Pick<AuthConfig, 'bootstrap'>,
    @Inject(LOGGER) log: Logger,
  ) {
    super({
      intervalMs: INTERVAL_MS,
      failure: 'the admin of BOOTSTRAP_ADMIN_EMAIL could not be determined, retrying',
      log,
    });
    this.#email = adminEmail?.toLowerCase();
  }

  override onApplicationBootstrap(): void {
    if (this.#email !== undefined) super.onApplicationBootstrap();
  }

  protected override async run(): Promise<void> {
    if (this.#email !== undefined && (await this.service.promoteAddress(this.#email))) this.stopRepeating();
  }
}
