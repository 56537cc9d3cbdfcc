/** Injection tokens of providers without a class: `@Inject(LOGGER) private readonly log: Logger`. */

/** The parsed settings of the service: its `ConfigOf<typeof settings>`. */
export const CONFIG = Symbol('CONFIG');

/** The `Logger` of the process. */
export const LOGGER = Symbol('LOGGER');

/** The `BusConnection` that `Bus` uses. */
export const BUS_CONNECTION = Symbol('BUS_CONNECTION');
