/**
 * Three lifecycle hooks that Nest does not have. For everything else use Nest's own: `OnModuleInit`, `OnModuleDestroy`
 * (after the drain, while connections are still open) and `OnApplicationShutdown` (connections close).
 */
import type { DiscoveryService } from '@nestjs/core';

/**
 * Called when connections are open and `@On` handlers receive events, before requests are accepted. A rejection stops
 * the start.
 */
export interface BeforeServing {
  beforeServing(): Promise<void>;
}

/**
 * Called when requests are accepted: work that the service fetches itself begins. It must not wait for that work.
 */
export interface OnServing {
  onServing(): void;
}

/**
 * Called when no new requests are accepted, while running ones continue. The drain waits for the returned promise and
 * the running requests until the signal is aborted.
 */
export interface OnDrain {
  onDrain(signal: AbortSignal): Promise<void> | void;
}

export async function callBeforeServing(discovery: DiscoveryService): Promise<void> {
  const hooked = instancesOf(discovery).filter((instance) => hasMethod<BeforeServing>(instance, 'beforeServing'));
  await Promise.all(hooked.map((instance) => instance.beforeServing()));
}

export function callOnServing(discovery: DiscoveryService): void {
  const hooked = instancesOf(discovery).filter((instance) => hasMethod<OnServing>(instance, 'onServing'));
  hooked.forEach((instance) => instance.onServing());
}

export async function callOnDrain(discovery: DiscoveryService, signal: AbortSignal): Promise<void> {
  const hooked = instancesOf(discovery).filter((instance) => hasMethod<OnDrain>(instance, 'onDrain'));
  await Promise.all(hooked.map(async (instance) => instance.onDrain(signal)));
}

/** Returns every provider once, however many modules export it. */
export function instancesOf(discovery: DiscoveryService): object[] {
  const instances = discovery.getProviders().map(({ instance }) => instance as unknown);
  return [...new Set(instances)].filter((it): it is object => typeof it === 'object' && it !== null);
}

function hasMethod<T>(instance: object, name: keyof T): instance is object & T {
  return typeof (instance as Record<PropertyKey, unknown>)[name] === 'function';
}
