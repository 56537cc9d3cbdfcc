import { Injectable } from '@nestjs/common';
import type { BeforeServing } from '@xerotier/service-host';
import { setTimeout as delay } from 'node:timers/promises';

/** Covers one heartbeat of every worker, which is sent each second. */
const HEARTBEAT_WAIT_MS = 1_100;

/** Delays serving until the router knows the fleet: without known workers it would reject everything. */
@Injectable()
export class FleetDiscovery implements BeforeServing {
  async beforeServing(): Promise<void> {
    await delay(HEARTBEAT_WAIT_MS);
  }
}
