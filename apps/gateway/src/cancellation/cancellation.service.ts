/**
 * Cancels completions that are in flight on any gateway. The id of a completion starts with the id of its gateway, so exactly
 * one is called; if that gateway has stopped, the completion is not in flight.
 */
import { Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { gatewayContract } from '@xerotier/contracts/gateway';
import { AppError } from '@xerotier/errors';
import { InFlightMap } from '@xerotier/in-flight';
import { Bus } from '@xerotier/nats';
import type { Serving } from '@xerotier/nats';

/** The id of this gateway: eight hexadecimal digits, the prefix of its request ids. */
export class GatewayInstance {
  constructor(readonly id: string) {}
}

/** A completion in a project; with an endpoint only if it is served by that endpoint. */
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

/** Returns the id of the gateway that has created a completion; undefined if no gateway has. */
export function completionGatewayOf(completionId: string): string | undefined {
  return COMPLETION_ID.exec(completionId)?.[1];
}

const COMPLETION_ID = /^chatcmpl-([0-9a-f]{8})[0-9a-f]{24}$/;

@Injectable()
export class CancellationService implements OnModuleDestroy {
  readonly #bus: Bus;
  readonly #gateway: string;
  readonly #inFlight = new InFlightMap<string, InFlight>();
  readonly #serving: Serving;

  constructor(bus: Bus, gateway: GatewayInstance) {
    this.#bus = bus;
    this.#gateway = gateway.id;
    // Not `@Serves`, which stops at the start of the drain: completions can be cancelled until the last one has ended.
    this.#serving = bus.serve(
      gatewayContract,
      { cancelCompletion: async (address) => ({ cancelled: this.#cancelHere(address) }) },
      { values: { gateway: gateway.id }, queue: null },
    );
  }

  async onModuleDestroy(): Promise<void> {
    await this.#serving.stop();
  }

  /** Makes a completion cancellable. @returns a function that unregisters it; call it when the completion has ended. */
  register(completionId: string, inFlight: InFlight): () => void {
    this.#inFlight.set(completionId, inFlight);
    return () => this.#inFlight.delete(completionId);
  }

  /**
   * Cancels a completion. Its client receives the error `cancelled`; the tokens generated so far are billed.
   * @returns false if it is not in flight, or belongs to another project.
   * @throws {AppError} `bus.*` if its gateway may be running but cannot be reached.
   */
  async cancel(address: CompletionAddress): Promise<boolean> {
    const gateway = completionGatewayOf(address.completionId);
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
