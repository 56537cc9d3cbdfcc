/** The NATS connection of a process: it reconnects indefinitely, and logs disconnects and reconnects. */
import { connect } from '@nats-io/transport-node';
import type { ConnectionOptions as NatsConnectOptions, NatsConnection } from '@nats-io/nats-core';
import type { Logger } from '@xerotier/log';
import { randomBytes } from 'node:crypto';
import { RequestCaller } from './request-caller.ts';

export interface ConnectionOptions {
  /** May hold credentials: `nats://user:password@host:4222`, or `nats://token@host:4222`. */
  readonly url: string;
  /** Shown in the server's connection list: the service and its replica. */
  readonly name: string;
  readonly log: Logger;
}

export interface BusConnection {
  readonly nats: NatsConnection;
  /** Prefix of every subject that only this process subscribes to. */
  readonly inboxPrefix: string;
  readonly requests: RequestCaller;
  /** Whether the server is connected right now; false while the client tries to reconnect. */
  isConnected(): boolean;
  /** Whether it is connected now, or connects within this time. */
  connectedWithin(timeoutMs: number): Promise<boolean>;
}

/** A dead connection is detected after at most about 20 s; streams and calls have shorter timeouts of their own. */
const PING_INTERVAL_MS = 10_000;
const PINGS_MISSED_MAX = 2;
const RECONNECT_WAIT_MS = 250;
const RECONNECT_JITTER_MS = 250;
/** Interval at which the log repeats that the server is unavailable. */
const REMINDER_MS = 3_000;

/** Connects, and keeps trying while the server is unavailable: services may start before NATS does. */
export async function connectBus(options: ConnectionOptions): Promise<BusConnection> {
  const inboxPrefix = `_INBOX_${options.name}_${randomBytes(6).toString('hex')}`;
  const server = serverOf(options.url);
  const reminder = setInterval(() => options.log.warn('waiting for nats', { url: server.servers }), REMINDER_MS);
  const nats = await connect({
    ...server,
    name: options.name,
    inboxPrefix,
    maxReconnectAttempts: -1,
    waitOnFirstConnect: true,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    reconnectJitter: RECONNECT_JITTER_MS,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: PINGS_MISSED_MAX,
    noAsyncTraces: true,
  }).finally(() => clearInterval(reminder));
  let connected = true;
  const waiting = new Set<() => void>();
  void watch(nats, options.log, (now) => {
    connected = now;
    if (now) for (const wake of waiting) wake();
  });
  const isConnected = (): boolean => connected && !nats.isClosed();
  return {
    nats,
    inboxPrefix,
    requests: new RequestCaller(nats, inboxPrefix),
    isConnected,
    connectedWithin: async (timeoutMs) => {
      if (isConnected()) return true;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, timeoutMs);
      waiting.add(resolve);
      await promise;
      waiting.delete(resolve);
      clearTimeout(timer);
      return isConnected();
    },
  };
}

/** A password may contain unescaped percent signs. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The client accepts credentials as options only, not in the URL. */
export function serverOf(url: string): Pick<NatsConnectOptions, 'servers' | 'user' | 'pass' | 'token'> {
  const { username, password } = new URL(url);
  const servers = url.replace(/^(\w+:\/\/)[^/]*@/, '$1');
  const [user, pass] = [username, password].map(decoded);
  if (username === '') return { servers };
  return password === '' ? { servers, token: user } : { servers, user, pass };
}

async function watch(nats: NatsConnection, log: Logger, onChange: (connected: boolean) => void): Promise<void> {
  for await (const status of nats.status()) {
    if (status.type === 'disconnect') onChange(false);
    if (status.type === 'reconnect') onChange(true);
    if (status.type === 'disconnect') log.warn('nats disconnected');
    if (status.type === 'reconnect') log.info('nats reconnected');
    if (status.type === 'error') log.warn('nats error', { error: status.error });
    if (status.type === 'slowConsumer') log.warn('nats slow consumer', { pending: status.pending });
  }
}

/** Returns the bytes that remain for data in a message after headers and protocol. */
export function partBytes({ nats }: Pick<BusConnection, 'nats'>): number {
  return (nats.info?.max_payload ?? 1024 * 1024) - 4_096;
}
