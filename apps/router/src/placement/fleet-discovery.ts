import { Injectable } from '@nestjs/common';
import type { BeforeServing } from '@xerotier/service-host';
import { setTimeout as delay } from 'node:timers/promises';

/** Every worker is heard within one heartbeat, which comes each second. */
const HEARTBEAT_WAIT_MS = 1_100;

/** Keeps a router from answering before it has heard the fleet: one that knows no worker would reject everything. */
@Injectable()
export class FleetDiscovery implements BeforeServing {
  async beforeServing(): Promise<void> {
    await delay(HEARTBEAT_WAIT_MS);
  }
}
