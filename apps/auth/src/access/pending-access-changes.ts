import { Injectable } from '@nestjs/common';
import { accessChanged } from '@xerotier/contracts/auth';
import type { Logger } from '@xerotier/log';
import type { AccessChange } from './access-change.ts';
import { onBus } from './on-bus.ts';

/** What a command changed: announced together at its end, because NATS may be away, and a command is done all the same. */
@Injectable()
export class PendingAccessChanges {
  readonly #changes: AccessChange[] = [];

  add(change: AccessChange): void {
    this.#changes.push(change);
  }

  /** What is committed counts, whether or not anybody hears of it: caches are 30 seconds old at most. */
  async announce(natsUrl: string, log: Logger): Promise<void> {
    const changes = this.#changes.splice(0);
    if (changes.length === 0) return;
    const announced = await onBus(natsUrl, log, async (bus) => {
      for (const change of changes) bus.publish(accessChanged, change);
      return true;
    });
    if (announced === true) return;
    log.warn('NATS cannot be reached: gateways learn of the change within 30 seconds instead of at once');
  }
}
