import type { Logger } from '@xerotier/log';

export interface ServeOptions {
  /** Queue group: of all its members one gets each message. Without one, every subscriber does. */
  readonly queue?: string | undefined;
  /** Requests that may be worked on at once; more are refused with `bus.overloaded`. */
  readonly inFlightMax: number;
  /** Service and name of the operation (`auth.authorize`), for logs. */
  readonly operation: string;
  readonly log: Logger;
}
