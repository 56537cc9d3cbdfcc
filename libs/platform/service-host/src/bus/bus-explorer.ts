/**
 * Discovers the methods decorated with `@Serves`, `@On` and `@Consumes`, and connects them to the bus while the service
 * runs.
 */
import { Inject, Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { EventContract, ServiceContract } from '@xerotier/contracts/define';
import { InFlightSet } from '@xerotier/in-flight';
import type { Logger } from '@xerotier/log';
import { Bus, consumeEvents } from '@xerotier/nats';
import type { BusConnection, Consuming, Serving } from '@xerotier/nats';
import { instancesOf } from '../lifecycle-hooks.ts';
import { BUS_CONNECTION, LOGGER } from '../tokens.ts';
import { BUS_ROLE } from './decorators.ts';
import type { BusRole, ConsumerSettings, Operation } from './decorators.ts';

export const SERVED_CONTRACTS = Symbol('SERVED_CONTRACTS');

export type ServedContract = ServiceContract<Record<string, Operation>>;

type Handler = (...args: unknown[]) => unknown;

interface Found<Role extends BusRole['kind']> {
  readonly role: Extract<BusRole, { kind: Role }>;
  readonly handler: Handler;
  /** Class and method, for messages. */
  readonly place: string;
}

@Injectable()
export class BusExplorer {
  readonly #serving: Serving[] = [];
  readonly #listening: Serving[] = [];
  readonly #consuming: Consuming[] = [];
  readonly #running = new InFlightSet<Promise<unknown>>();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly bus: Bus,
    @Inject(BUS_CONNECTION) private readonly connection: BusConnection,
    @Inject(SERVED_CONTRACTS) private readonly contracts: readonly ServedContract[],
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /**
   * Subscribes the `@On` methods. Once it resolves, no later event is missed.
   * @throws {Error} when an operation of the served contracts has no `@Serves` method, or two, or a method serves
   * another operation.
   */
  async subscribe(): Promise<void> {
    this.#handlersByContract();
    for (const { role, handler } of this.#find('on')) {
      this.#listening.push(this.bus.subscribe(role.event, (data) => this.#handleEvent(role.event, handler, data)));
    }
    await this.bus.flush();
  }

  /** Serves the `@Serves` methods and starts the `@Consumes` ones. Once it resolves, callers can reach them. */
  async serve(): Promise<void> {
    for (const [contract, handlers] of this.#handlersByContract()) {
      this.#serving.push(this.bus.serve(contract, handlers as never));
    }
    for (const { role, handler } of this.#find('consumes')) {
      this.#consuming.push(await this.#consume(role.event, role.settings, handler));
    }
    await this.bus.flush();
  }

  /**
   * Accepts no new requests and fetches no more events. Resolves once the server has confirmed it; running work
   * continues.
   */
  async stopAccepting(): Promise<void> {
    for (const consuming of this.#consuming.splice(0)) void this.#track(consuming.stop());
    await Promise.all(this.#serving.splice(0).map((serving) => serving.stop()));
  }

  /** Resolves when no request and no batch of events is in progress. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  async unsubscribe(): Promise<void> {
    await Promise.all(this.#listening.splice(0).map((listening) => listening.stop()));
  }

  #handlersByContract(): Map<ServedContract, Record<string, Handler>> {
    const found = this.#find('serves');
    const declared = new Set(this.contracts.flatMap(({ operations }) => Object.values(operations)));
    for (const { role, place } of found) {
      if (declared.has(role.operation)) continue;
      throw new Error(
        `${place} has @Serves of ${role.operation.subject}, which is not an operation of a served contract: add the contract to BusModule.forRoot({ serves: [...] }), or remove the decorator.`,
      );
    }
    return new Map(this.contracts.map((contract) => [contract, this.#handlersOf(contract, found)]));
  }

  #handlersOf({ name, operations }: ServedContract, found: readonly Found<'serves'>[]): Record<string, Handler> {
    return Object.fromEntries(
      Object.entries(operations).map(([key, operation]) => {
        const [first, ...others] = found.filter(({ role }) => role.operation === operation);
        const label = `${name}.${key} (${operation.subject})`;
        if (first === undefined) {
          throw new Error(
            `No handler for ${label}: add @Serves(${name}Contract.operations.${key}) to a method of a provider.`,
          );
        }
        if (others.length > 0) {
          const places = [first, ...others].map(({ place }) => place).join(' and ');
          throw new Error(`More than one handler for ${label}: @Serves is on ${places}. Remove all but one.`);
        }
        return [key, this.#tracked(first.handler)];
      }),
    );
  }

  #find<Kind extends BusRole['kind']>(kind: Kind): Found<Kind>[] {
    return instancesOf(this.discovery).flatMap((instance) => {
      const prototype = Object.getPrototypeOf(instance) as Record<string, Handler> | null;
      if (prototype === null || prototype === Object.prototype) return [];
      return this.scanner.getAllMethodNames(prototype).flatMap((name) => {
        const method = prototype[name] as Handler;
        const role = Reflect.getMetadata(BUS_ROLE, method) as BusRole | undefined;
        if (role?.kind !== kind) return [];
        const handler: Handler = (...args) => method.apply(instance, args);
        return [{ role: role as Found<Kind>['role'], handler, place: `${instance.constructor.name}.${name}` }];
      });
    });
  }

  /** Tracks running work, so that a drain can wait for it. */
  #tracked(handler: Handler): Handler {
    return (...args) => {
      const result = handler(...args);
      return result instanceof Promise ? this.#track(result) : result;
    };
  }

  #track<T>(work: Promise<T>): Promise<T> {
    const handle = this.#running.add(work);
    const forget = (): void => void this.#running.delete(handle);
    work.then(forget, forget);
    return work;
  }

  /** The bus logs what a handler throws synchronously; a rejection is logged here. */
  #handleEvent({ subject }: EventContract, handler: Handler, data: unknown): void {
    const result = handler(data);
    if (!(result instanceof Promise)) return;
    result.catch((error: unknown) => this.log.error('event handler failed', { subject, error }));
  }

  #consume(event: EventContract, settings: ConsumerSettings, handler: Handler): Promise<Consuming> {
    const options = { ...settings, log: this.log };
    return consumeEvents(this.connection, event, (events) => handler(events) as Promise<void>, options);
  }
}
