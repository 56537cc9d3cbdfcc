/**
 * Two moments that Nest has no hooks for. Everything else uses Nest's own: `OnModuleInit`, `OnModuleDestroy` (after the
 * drain, while connections are still open) and `OnApplicationShutdown` (connections close).
 */
import type { DiscoveryService } from '@nestjs/core';

/** Connections are open and `@On` handlers hear events, but no request is taken yet. A rejection stops the start. */
export interface BeforeServing {
  beforeServing(): Promise<void>;
}

/**
 * No new requests are taken, those at hand still run. The drain waits for what this returns, and for the running
 * requests, until the signal is aborted.
 */
export interface OnDrain {
  onDrain(signal: AbortSignal): Promise<void> | void;
}

export async function callBeforeServing(discovery: DiscoveryService): Promise<void> {
  const hooked = instancesOf(discovery).filter((instance) => hasMethod<BeforeServing>(instance, 'beforeServing'));
  await Promise.all(hooked.map((instance) => instance.beforeServing()));
}

export async function callOnDrain(discovery: DiscoveryService, signal: AbortSignal): Promise<void> {
  const hooked = instancesOf(discovery).filter((instance) => hasMethod<OnDrain>(instance, 'onDrain'));
  await Promise.all(hooked.map(async (instance) => instance.onDrain(signal)));
}

/** Every provider that exists, once, however many modules export it. */
export function instancesOf(discovery: DiscoveryService): object[] {
  const instances = discovery.getProviders().map(({ instance }) => instance as unknown);
  return [...new Set(instances)].filter((it): it is object => typeof it === 'object' && it !== null);
}

function hasMethod<T>(instance: object, name: keyof T): instance is object & T {
  return typeof (instance as Record<PropertyKey, unknown>)[name] === 'function';
}
