import type { Logger } from '@xerotier/log';

export interface ServeOptions {
  /** Queue group: one of its members receives each message. Without one, every subscriber does. */
  readonly queue?: string | undefined;
  /** Maximum number of requests in progress; further ones are rejected with `bus.overloaded`. */
  readonly inFlightMax: number;
  /** Service and name of the operation (`auth.authorize`), for logs. */
  readonly operation: string;
  readonly log: Logger;
}
