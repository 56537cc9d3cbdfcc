/** Tells the processes that read a response of what happens to it: its events were added, it was cancelled. */
import { Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { responseChanged } from '@xerotier/contracts/responses';
import { Bus } from '@xerotier/nats';
import type { Serving } from '@xerotier/nats';
import { EventEmitter } from 'node:events';
import type { z } from 'zod';

type Change = z.output<typeof responseChanged.data>;

@Injectable()
export class ResponseSignals implements OnModuleDestroy {
  readonly #changes = new EventEmitter().setMaxListeners(0);
  readonly #serving: Serving;

  constructor(private readonly bus: Bus) {
    this.#serving = bus.subscribe(responseChanged, (change) => void this.#changes.emit(change.id, change));
  }

  async onModuleDestroy(): Promise<void> {
    await this.#serving.stop();
  }

  /** Not guaranteed: readers look by themselves, too. */
  changed(id: string, hasEnded: boolean): void {
    const change: Change = { id, hasEnded };
    try {
      // Comes back to this process, too.
      this.bus.publish(responseChanged, change);
    } catch {
      // The bus is closed.
      this.#changes.emit(id, change);
    }
  }

  /** Calls the listener for each change of a response, until the returned function is called. */
  onChange(id: string, listener: (change: Change) => void): () => void {
    this.#changes.on(id, listener);
    return () => this.#changes.off(id, listener);
  }
}
