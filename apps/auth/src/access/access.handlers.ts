import { Injectable } from '@nestjs/common';
import { authContract } from '@xerotier/contracts/auth';
import { Bus } from '@xerotier/nats';
import type { Serving } from '@xerotier/nats';
import { AccessService } from './access.service.ts';

/** Answers the auth contract on the bus. */
@Injectable()
export class AccessHandlers {
  readonly #inFlight = new Set<Promise<unknown>>();
  #serving: Serving | undefined;

  constructor(
    private readonly bus: Bus,
    private readonly access: AccessService,
  ) {}

  serve(): void {
    this.#serving = this.bus.serve(authContract, {
      authorize: (input) => this.#track(this.access.authorize(input)),
    });
  }

  /** Takes no more questions, and waits for the answers under way. */
  async stop(): Promise<void> {
    const serving = this.#serving;
    this.#serving = undefined;
    await serving?.stop();
    await Promise.allSettled(this.#inFlight);
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#inFlight.add(work);
    const forget = (): void => void this.#inFlight.delete(work);
    work.then(forget, forget);
    return work;
  }
}
