import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { CONFIG, LOGGER } from '@xerotier/service-host';
import type { AuthConfig } from '../config.ts';
import { BootstrapService } from './bootstrap.service.ts';

const INTERVAL_MS = 2_000;

/**
 * Makes the account of `BOOTSTRAP_ADMIN_EMAIL` the admin, within seconds after its address was verified. It looks instead of being
 * told: an address can be verified in several ways, also before the setting was made, and a lost process loses nothing.
 */
@Injectable()
export class BootstrapAddress implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #email: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(
    private readonly service: BootstrapService,
    @Inject(CONFIG) { bootstrap: { adminEmail } }: Pick<AuthConfig, 'bootstrap'>,
    @Inject(LOGGER) private readonly log: Logger,
  ) {
    this.#email = adminEmail?.toLowerCase();
  }

  onApplicationBootstrap(): void {
    const email = this.#email;
    if (email === undefined) return;
    this.#timer = setInterval(() => {
      this.#running ??= this.#promote(email).finally(() => (this.#running = undefined));
    }, INTERVAL_MS).unref();
  }

  /** While connections are still open. */
  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  async #promote(email: string): Promise<void> {
    try {
      if (await this.service.promoteAddress(email)) clearInterval(this.#timer);
    } catch (error) {
      this.log.warn('the admin of BOOTSTRAP_ADMIN_EMAIL could not be determined, retrying', { error });
    }
  }
}
