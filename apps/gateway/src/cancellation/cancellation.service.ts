/**
 * Cancels completions that are in flight, on this gateway or another. The id of a completion begins with the gateway that
 * serves it, so exactly one is asked; a gateway that is gone serves nothing any more.
 */
import { Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { gatewayContract } from '@xerotier/contracts/gateway';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import type { Serving } from '@xerotier/nats';

/** Eight hexadecimal digits: how the ids of this gateway's requests begin. */
export class GatewayInstance {
  constructor(readonly id: string) {}
}

/** Whose a completion is: an endpoint is named on an endpoint's URL only. */
export interface CompletionAddress {
  readonly completionId: string;
  readonly projectId: string;
  readonly endpointId?: string | undefined;
}

interface InFlight {
  readonly projectId: string;
  readonly endpointId: string;
  readonly cancel: () => void;
}

const COMPLETION_ID = /^chatcmpl-([0-9a-f]{8})[0-9a-f]{24}$/;

@Injectable()
export class CancellationService implements OnModuleDestroy {
  readonly #bus: Bus;
  readonly #gateway: string;
  readonly #inFlight = new Map<string, InFlight>();
  readonly #serving: Serving;

  constructor(bus: Bus, gateway: GatewayInstance) {
    this.#bus = bus;
    this.#gateway = gateway.id;
    this.#serving = bus.serve(
      gatewayContract,
      { cancelCompletion: async (address) => ({ cancelled: this.#cancelHere(address) }) },
      { values: { gateway: gateway.id }, queue: null },
    );
  }

  async onModuleDestroy(): Promise<void> {
    await this.#serving.stop();
  }

  /** From now on it can be cancelled. @returns what ends that; call it when the completion is over. */
  begun(completionId: string, inFlight: InFlight): () => void {
    this.#inFlight.set(completionId, inFlight);
    return () => this.#inFlight.delete(completionId);
  }

  /**
   * @returns whether it was in flight and this project's. Its own client then gets the error `cancelled`, and what was
   * generated until then is billed.
   * @throws {AppError} `bus.*` when its gateway may be there and cannot be asked.
   */
  async cancel(address: CompletionAddress): Promise<boolean> {
    const gateway = COMPLETION_ID.exec(address.completionId)?.[1];
    if (gateway === undefined) return false;
    if (gateway === this.#gateway) return this.#cancelHere(address);
    try {
      const { cancelled } = await this.#bus.call(gatewayContract.operations.cancelCompletion, address, {
        values: { gateway },
      });
      return cancelled;
    } catch (error) {
      if (AppError.is(error) && error.code === 'bus.no_responders') return false;
      throw error;
    }
  }

  #cancelHere({ completionId, projectId, endpointId }: CompletionAddress): boolean {
    const found = this.#inFlight.get(completionId);
    if (found?.projectId !== projectId || (endpointId !== undefined && found.endpointId !== endpointId)) return false;
    found.cancel();
    return true;
  }
}
