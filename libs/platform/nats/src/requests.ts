/** NATS request/reply, with errors as a header and a body. */
import type { Msg, Subscription } from '@nats-io/nats-core';
import type { RequestContract } from '@xerotier/contracts/define';
import { AppError } from '@xerotier/errors';
import { withLogContext } from '@xerotier/log';
import { endSpan, SpanKind, startSpan, traceparentOf, withSpan } from '@xerotier/telemetry';
import type { z } from 'zod';
import { decodeContext, encodeContext, headerName, logContextOf } from './call-context.ts';
import type { CallContext, CallOptions } from './call-context.ts';
import { clientCalls, serverCalls } from './call-telemetry.ts';
import { decode, decodeError, encode, encodeError } from './codec.ts';
import { partBytes } from './connection.ts';
import type { BusConnection } from './connection.ts';
import { decodeHeaders, encodeHeaders } from './message-headers.ts';
import { replyError } from './reply-error.ts';
import type { ServeOptions } from './serve-options.ts';

/**
 * Sends a request and waits for the response.
 * @throws {AppError} the error of the handler, or `bus.no_responders`, `bus.timeout`, `bus.disconnected`,
 * `bus.unreadable`, `bus.too_large` when the request or the response exceeds the size of a message.
 */
export async function callOver<C extends RequestContract>(
  connection: BusConnection,
  contract: C,
  subject: string,
  input: z.input<C['input']>,
  options: CallOptions,
): Promise<z.output<C['output']>> {
  const calls = clientCalls.of(contract);
  const begunAt = calls.begin();
  const { attributes } = calls;
  const span = startSpan(calls.name, { kind: SpanKind.CLIENT, attributes, links: options.links ?? [] });
  try {
    const output = await withSpan(span, () => exchange(connection, contract, subject, input, options));
    calls.end(begunAt);
    endSpan(span);
    return output;
  } catch (error) {
    const failure = AppError.from(error);
    calls.end(begunAt, failure.code);
    endSpan(span, failure);
    throw error;
  }
}

async function exchange<C extends RequestContract>(
  connection: BusConnection,
  contract: C,
  subject: string,
  input: z.input<C['input']>,
  options: CallOptions,
): Promise<z.output<C['output']>> {
  const timeoutMs = Math.max(1, Math.min(options.deadlineMs ?? contract.timeoutMs, contract.timeoutMs));
  const reply = await connection.requests.send(subject, assertFits(connection, encode(input), subject), {
    timeoutMs,
    headers: encodeContext({ ...options, deadlineMs: timeoutMs }),
  });
  if (decodeHeaders(reply).has(headerName.errorCode)) throw decodeError(reply.data, subject);
  return decode(contract.output, reply.data, subject) as z.output<C['output']>;
}

export type RequestHandler<C extends RequestContract> = (
  input: z.output<C['input']>,
  context: CallContext,
) => z.input<C['output']> | Promise<z.input<C['output']>>;

/** Serves a subject. An error of the handler becomes an error reply: see `replyError`. */
export function serveRequests<C extends RequestContract>(
  connection: BusConnection,
  contract: C,
  subject: string,
  handler: RequestHandler<C>,
  options: ServeOptions,
): Subscription {
  let inFlight = 0;
  const calls = serverCalls.of(contract);
  const reply = async (message: Msg, context: CallContext): Promise<AppError | undefined> => {
    try {
      if (inFlight > options.inFlightMax) throw new AppError('bus.overloaded', { subject });
      const input = decode(contract.input, message.data, subject) as z.output<C['input']>;
      message.respond(assertFits(connection, encode(await handler(input, context)), subject));
      options.log.debug('bus request completed', { subject });
      return undefined;
    } catch (error) {
      const failure = replyError(error, { contract, subject, operation: options.operation, log: options.log });
      message.respond(encodeError(failure), { headers: encodeHeaders({ [headerName.errorCode]: failure.code }) });
      return failure;
    }
  };
  const serve = async (message: Msg): Promise<void> => {
    const incoming = decodeContext(decodeHeaders(message));
    const begunAt = calls.begin();
    const { attributes } = calls;
    const span = startSpan(calls.name, { kind: SpanKind.SERVER, parent: incoming, isRemote: true, attributes });
    const context = { ...incoming, traceparent: traceparentOf(span) ?? incoming.traceparent };
    inFlight += 1;
    try {
      const failure = await withLogContext(logContextOf(context), () => reply(message, context));
      calls.end(begunAt, failure?.code);
      endSpan(span, failure, true);
    } finally {
      inFlight -= 1;
    }
  };
  return connection.nats.subscribe(subject, {
    ...(options.queue !== undefined && { queue: options.queue }),
    callback: (error, message) => {
      if (error === null) void serve(message);
    },
  });
}

/** Checks the size: NATS would close the connection on a larger message. */
function assertFits(connection: BusConnection, data: Uint8Array, subject: string): Uint8Array {
  const bytesMax = partBytes(connection);
  if (data.length > bytesMax) throw new AppError('bus.too_large', { subject, bytesMax });
  return data;
}
