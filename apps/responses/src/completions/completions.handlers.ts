import { Injectable } from '@nestjs/common';
import { responsesContract } from '@xerotier/contracts/responses';
import { Bus } from '@xerotier/nats';
import type { Serving } from '@xerotier/nats';
import { CompletionsService } from './completions.service.ts';

/** Answers the responses contract on the bus. */
@Injectable()
export class CompletionsHandlers {
  readonly #inFlight = new Set<Promise<unknown>>();
  #serving: Serving | undefined;

  constructor(
    private readonly bus: Bus,
    private readonly completions: CompletionsService,
  ) {}

  serve(): void {
    const { completions } = this;
    this.#serving = this.bus.serve(responsesContract, {
      save: (input) => this.#track(completions.save(input).then(nothing)),
      list: (input) => this.#track(completions.list(input)),
      get: (input) => this.#track(completions.get(input)),
      messages: (input) => this.#track(completions.listMessages(input)),
      update: (input) => this.#track(completions.update(input)),
      delete: (input) => this.#track(completions.delete(input).then(nothing)),
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

function nothing(): Record<string, never> {
  return {};
}
