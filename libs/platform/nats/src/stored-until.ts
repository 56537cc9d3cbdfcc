/**
 * Until when everything that was published to a stream has been handled by a durable consumer, also if several replicas share the
 * work. For decisions about what is missing: what was published before that time is there, or never will be.
 */
import { jetstreamManager } from '@nats-io/jetstream';
import type { EventContract } from '@xerotier/contracts/define';
import type { BusConnection } from './connection.ts';
import { streamNameOf } from './event-streams.ts';

/** At this time the stream had messages up to this sequence number. */
interface Mark {
  readonly at: number;
  readonly sequence: number;
}

/** A consumer that is further behind than this many readings advances in larger steps. */
const MARKS_MAX = 100;

export class StoredUntil {
  readonly #connection: BusConnection;
  readonly #contract: EventContract;
  readonly #durable: string;
  #marks: Mark[] = [];
  #until = -Infinity;

  constructor(connection: BusConnection, contract: EventContract, durable: string) {
    this.#connection = connection;
    this.#contract = contract;
    this.#durable = durable;
  }

  /**
   * Returns the time in Unix milliseconds, by the clock of this process; -Infinity if it is not known yet. While messages wait,
   * it is that of an earlier reading: read it at intervals.
   * @throws {Error} if JetStream does not respond, or the stream or the consumer does not exist.
   */
  async read(): Promise<number> {
    const stream = streamNameOf(this.#contract);
    const manager = await jetstreamManager(this.#connection.nats);
    const at = Date.now();
    const { state } = await manager.streams.info(stream);
    this.#marks.push({ at, sequence: state.last_seq });
    const {
      ack_floor: floor,
      num_pending: pending,
      num_ack_pending: unacked,
    } = await manager.consumers.info(stream, this.#durable);
    const isIdle = pending === 0 && unacked === 0;
    const passed = isIdle ? this.#marks : this.#marks.filter(({ sequence }) => sequence <= floor.stream_seq);
    this.#until = Math.max(this.#until, ...passed.map((mark) => mark.at));
    this.#marks = this.#marks.filter((mark) => !passed.includes(mark));
    // The oldest ones are passed first: without those between, the time advances less often.
    if (this.#marks.length > MARKS_MAX) this.#marks = this.#marks.filter((_, index) => index % 2 === 0);
    return this.#until;
  }
}
