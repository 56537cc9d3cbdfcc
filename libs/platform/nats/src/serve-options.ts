import type { Logger } from '@xerotier/log';

export interface ServeOptions {
  /** Queue group: of all its members one gets each message. Without one, every subscriber does. */
  readonly queue?: string | undefined;
  /** Requests that may be worked on at once; more are refused with `bus.overloaded`. */
  readonly inFlightMax: number;
  readonly log: Logger;
}
