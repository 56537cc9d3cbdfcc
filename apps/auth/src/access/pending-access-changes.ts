import { Injectable } from '@nestjs/common';
import { accessChanged } from '@xerotier/contracts/auth';
import type { Logger } from '@xerotier/log';
import type { AccessChange } from './access-change.ts';
import { onBus } from './on-bus.ts';

/** How long gateways cache responses of `authorize`. */
const CACHE_TTL_MS = 30_000;

/** The changes of a command, published together at its end, because a command must succeed without NATS. */
@Injectable()
export class PendingAccessChanges {
  readonly #changes: AccessChange[] = [];

  add(change: AccessChange): void {
    this.#changes.push(change);
  }

  /** Publishes the changes. They are committed and take effect regardless: caches expire after 30 seconds. */
  async announce(natsUrl: string, log: Logger): Promise<void> {
    const changes = this.#changes.splice(0);
    if (changes.length === 0) return;
    const announced = await onBus(natsUrl, log, async (bus) => {
      for (const change of changes) bus.publish(accessChanged, change);
      return true;
    });
    if (announced === true) return;
    log.warn('nats unavailable, access change not published', { effectiveWithinMs: CACHE_TTL_MS });
  }
}
