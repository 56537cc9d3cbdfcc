import { Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { completionStreamsContract } from '@xerotier/contracts/gateway';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import type { ServedStream, Serving } from '@xerotier/nats';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { completionGatewayOf, GatewayInstance } from '../cancellation/cancellation.service.ts';
import { errorEvent } from '../requests/client-stream.ts';
import { SseStream } from '../requests/sse-stream.ts';
import { CompletionLogs } from './completion-logs.ts';
import type { LogAddress } from './completion-logs.ts';
import { StoredCompletionsService } from './stored-completions.service.ts';

const { follow, forget } = completionStreamsContract.operations;
type Follow = z.output<typeof follow.input>;

/** A client that reads along longer than this continues with a new request. */
const DEADLINE_MS = 60 * 60_000;

/** Writes the events of completions, from any of them on. The id of a completion begins with that of its gateway, which has them. */
@Injectable()
export class CompletionFollowers implements OnModuleDestroy {
  readonly #serving: Serving;

  constructor(
    private readonly bus: Bus,
    private readonly logs: CompletionLogs,
    private readonly stored: StoredCompletionsService,
    gateway: GatewayInstance,
  ) {
    // Not `@Serves`, which stops at the start of the drain: completions are followed until the last one has ended.
    this.#serving = bus.serve(
      completionStreamsContract,
      { follow: (input, stream) => this.#serve(input, stream), forget: (address) => this.#forget(address) },
      { values: { gateway: gateway.id }, queue: null },
    );
  }

  async onModuleDestroy(): Promise<void> {
    await this.#serving.stop();
  }

  /** Writes the events after a number until the last one; errors are written, too. */
  follow(address: LogAddress & { readonly after?: number | undefined }, reply: FastifyReply): void {
    reply.hijack();
    const { raw } = reply;
    const stream = new SseStream(raw, errorEvent);
    const { completionId, projectId, endpointId, after } = address;
    const gateway = completionGatewayOf(completionId);
    if (gateway === undefined) return void this.#notKept(address).then((error) => stream.error(error));
    const control = this.bus.open(
      follow,
      {
        completionId,
        projectId,
        ...(endpointId !== undefined && { endpointId }),
        ...(after !== undefined && { after }),
      },
      {
        head: () => stream.begin({}),
        // Valid during the call only.
        data: (event) => stream.write([Buffer.from(event)]),
        // The last event is the end already.
        end: () => stream.end(''),
        error: (error) =>
          void (isNotKept(error) ? this.#notKept(address) : Promise.resolve(error)).then((reason) =>
            stream.error(reason),
          ),
      },
      { deadlineMs: DEADLINE_MS, values: { gateway } },
    );
    stream.attach(control);
    if (raw.destroyed) control.cancel();
  }

  /** Keeps the events of a deleted completion no longer. Those of a gateway that has stopped are gone. @throws {AppError} `bus.*`. */
  async forget({ completionId, projectId, endpointId }: LogAddress): Promise<void> {
    const gateway = completionGatewayOf(completionId);
    if (gateway === undefined) return;
    const address = { completionId, projectId, ...(endpointId !== undefined && { endpointId }) };
    try {
      await this.bus.call(forget, address, { values: { gateway } });
    } catch (error) {
      if (AppError.from(error).code !== 'bus.no_responders') throw error;
    }
  }

  #forget(address: LogAddress): Promise<Record<string, never>> {
    if (this.logs.find(address) !== undefined) this.logs.drop(address.completionId);
    return Promise.resolve({});
  }

  /** Returns the error for a completion whose events are not kept: it may be stored. */
  async #notKept({ completionId, projectId, endpointId }: LogAddress): Promise<AppError> {
    try {
      await this.stored.get({ projectId, ...(endpointId !== undefined && { endpointId }) }, completionId);
      return new AppError('completion.events_expired', { completion: completionId });
    } catch (error) {
      return AppError.from(error);
    }
  }

  async #serve(
    { completionId, projectId, endpointId, after = -1 }: Follow,
    stream: ServedStream<typeof follow>,
  ): Promise<Record<string, never>> {
    const log = this.logs.find({ completionId, projectId, endpointId });
    if (log === undefined) throw new AppError('completion.not_found', { completion: completionId });
    let next = after + 1;
    let hasBegun = false;
    while (!stream.signal.aborted) {
      if (log.isDropped) throw new AppError('completion.events_expired', { completion: completionId });
      const event = log.at(next);
      if (event !== undefined) {
        if (!hasBegun) stream.head({});
        hasBegun = true;
        stream.data(event);
        next += 1;
        await stream.paused();
      } else if (log.endedAt !== undefined) break;
      else await log.changed(stream.signal);
    }
    if (!hasBegun) stream.head({});
    return {};
  }
}

function isNotKept({ code }: AppError): boolean {
  return code === 'completion.not_found' || code === 'completion.events_expired' || code === 'bus.no_responders';
}
