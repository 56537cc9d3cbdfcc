/**
 * Declares which method of a provider serves what on the bus. The decorated method must match the contract, or it does
 * not compile; the explorer discovers the methods when the service starts.
 */
import { SetMetadata } from '@nestjs/common';
import type { EventContract, RequestContract, StreamContract } from '@xerotier/contracts/define';
import type { ConsumeOptions, RequestHandler, StreamHandler } from '@xerotier/nats';
import type { z } from 'zod';

export type Operation = RequestContract | StreamContract;
export type ConsumerSettings = Omit<ConsumeOptions, 'log'>;

/** The metadata that a decorator stores. */
export type BusRole =
  | { readonly kind: 'serves'; readonly operation: Operation }
  | { readonly kind: 'on'; readonly event: EventContract }
  | { readonly kind: 'consumes'; readonly event: EventContract; readonly settings: ConsumerSettings };

export const BUS_ROLE = 'xerotier:bus-role';

/**
 * Accepts methods of this type only. A type parameter, because a descriptor alone would have to match in both
 * directions.
 */
type DecoratorOf<Handler> = <Method extends Handler>(
  target: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

/**
 * The method serves an operation of a contract that its service serves (`BusModule.forRoot({ serves })`).
 * @example
 * \@Serves(authContract.operations.authorize)
 * authorize(input: AccessRequest): Promise<Access> { ... }
 */
export function Serves<C extends RequestContract>(operation: C): DecoratorOf<RequestHandler<C>>;
export function Serves<C extends StreamContract>(operation: C): DecoratorOf<StreamHandler<C>>;
export function Serves(operation: Operation): DecoratorOf<never> {
  return role({ kind: 'serves', operation });
}

/**
 * The method receives every event of this contract while the process runs; earlier events, and those published during a
 * disconnect, are lost. Errors are logged.
 */
export function On<C extends EventContract>(
  event: C,
): DecoratorOf<(data: z.output<C['data']>) => void | Promise<void>> {
  return role({ kind: 'on', event });
}

/**
 * The method receives the events of this durable JetStream consumer in batches. A batch is acknowledged when the method
 * resolves, and redelivered when it rejects: the method must be idempotent.
 */
export function Consumes<C extends EventContract & { readonly stream?: string }>(
  event: C,
  settings: ConsumerSettings,
): DecoratorOf<(events: z.output<C['data']>[]) => Promise<void>> {
  return role({ kind: 'consumes', event, settings });
}

function role(value: BusRole): DecoratorOf<never> {
  return SetMetadata(BUS_ROLE, value);
}
