/**
 * A Nest application on Fastify, configured like every HTTP edge of the platform: limited bodies and timeouts, an
 * X-Request-ID on every response, one error envelope, one access log line, and a graceful close.
 */
import { Catch } from '@nestjs/common';
import type { ArgumentsHost, DynamicModule, ExceptionFilter, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { logAccess, logResponse } from './access-log.ts';
import { limitBodyTimes, REQUEST_TIMEOUT_MS } from './body-timeouts.ts';
import type { BodyTimeouts } from './body-timeouts.ts';
import { canonicalUrl } from './canonical-url.ts';
import { Connections } from './connections.ts';
import { Cors } from './cors.ts';
import type { CorsOptions } from './cors.ts';
import { isNoRoute, respondToClientError, toAppError, writeError } from './error-reply.ts';
import { readFormBodies } from './form-body.ts';
import { readJsonBodies } from './json-body.ts';
import { randomHex } from './random-hex.ts';
import { addRequestContext, requestIds } from './request-context.ts';
import { measureRequest } from './request-telemetry.ts';
import { RouteTable } from './route-table.ts';
import { routeWebSockets, wantsWebSocket } from './web-sockets.ts';

export interface HttpAppOptions {
  readonly log: Logger;
  /** Maximum size of a request body; larger is 413. */
  readonly bodyBytesMax: number;
  /** How long a body may take to arrive. */
  readonly bodyTimeouts?: BodyTimeouts;
  /** Writes an error as the response. Default: the error envelope of the public API. */
  readonly writeError?: (response: ServerResponse, error: AppError) => void;
  /** Number of proxies in front that are trusted to report the client's address. Default 0. */
  readonly trustedProxies?: number;
  /** Eight hexadecimal digits that every request id begins with, which identify the instance. Default random. */
  readonly instance?: string;
  /**
   * Returns the URL to route instead of the requested one; errors name it too. `host` is the Host header, or what a
   * trusted proxy reports; `url` is canonical.
   */
  readonly rewriteUrl?: (host: string | undefined, url: string) => string;
  /** How long a client may read nothing of a complete response before it is disconnected. Default 30,000. */
  readonly unreadResponseMs?: number;
  /** A sentence or two for a client that requested an unknown path. Default: to check the path. */
  readonly unknownUrlHint?: (path: string) => string;
  /** Origins that may read responses. Default: none. */
  readonly cors?: CorsOptions;
  /** Whether handlers may accept WebSockets, whose messages have the limit of bodies. Default false: no request is an upgrade. */
  readonly webSockets?: boolean;
  /** Registers hooks before any route. */
  readonly prepare?: (fastify: FastifyInstance) => void;
  /** Runs before the body is read; what it throws becomes the response. */
  readonly onRequest?: (request: FastifyRequest, reply: FastifyReply) => void | Promise<void>;
}

export interface HttpApp {
  readonly nest: NestFastifyApplication;
  readonly routes: RouteTable;
  listen(port: number, host: string): Promise<number>;
  /** Accepts no more connections and closes idle ones; open responses continue. */
  stopAccepting(): void;
  /** Closes every connection: idle ones at once, the others after up to a second. */
  close(): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 10_000;
/** Longer than the 60 s that load balancers keep idle connections, so that the balancer closes first. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;
const CONNECTIONS_MAX = 10_000;
const UNREAD_RESPONSE_MS = 30_000;
/** How long a closing server waits for clients to read the end of their responses. */
const FLUSH_TIMEOUT_MS = 1_000;

export async function createHttpApp(module: Type | DynamicModule, options: HttpAppOptions): Promise<HttpApp> {
  const cors = options.cors === undefined ? undefined : new Cors(options.cors);
  const newRequestId = requestIds(options.instance ?? randomHex(4));
  const adapter = new FastifyAdapter({
    bodyLimit: options.bodyBytesMax,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      ...(options.webSockets === true && { shouldUpgradeCallback: wantsWebSocket }),
    },
    // A function, since Fastify trusts nobody if it is given a number. Hop 0 is the other end of the connection.
    trustProxy: (_address: string, hop: number) => hop < (options.trustedProxies ?? 0),
    genReqId: newRequestId,
    rewriteUrl: rewriting(options),
    clientErrorHandler: (error: Error, socket: Socket) => respondToClientError(error, socket, newRequestId()),
    // A path that cannot be decoded reaches neither hooks nor handlers.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      reply.raw.setHeader('x-request-id', request.id);
      cors?.addHeaders(request.headers, reply.raw);
      logResponse(options.log, request, reply);
      measureRequest(request);
      reply.hijack();
      (options.writeError ?? writeError)(reply.raw, toAppError(error, options.bodyBytesMax));
    },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
  } as never);
  const fastify = adapter.getInstance<FastifyInstance>();
  const routes = new RouteTable();
  routes.watch(fastify);
  fastify.server.maxConnections = CONNECTIONS_MAX;
  const connections = new Connections(fastify.server, options.unreadResponseMs ?? UNREAD_RESPONSE_MS);
  let draining = false;
  // In this order: what a hook rejects is logged, and readable by the requesting page.
  logAccess(fastify, options.log);
  addRequestContext(fastify, () => draining);
  cors?.register(fastify, routes);
  if (options.onRequest !== undefined) addOnRequest(fastify, options.onRequest);
  limitBodyTimes(fastify, options.bodyTimeouts);
  options.prepare?.(fastify);
  const errors = new ErrorFilter(options, routes);
  const nest = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: false,
    bodyParser: false,
    abortOnError: false,
  });
  nest.useGlobalFilters(errors);
  readJsonBodies(fastify);
  readFormBodies(fastify, options.bodyBytesMax);
  if (options.webSockets === true)
    routeWebSockets(fastify, { log: options.log, newRequestId, messageBytesMax: options.bodyBytesMax });
  return {
    nest,
    routes,
    listen: async (port, host) => {
      await nest.listen(port, host);
      return (fastify.server.address() as AddressInfo).port;
    },
    stopAccepting: () => {
      draining = true;
      connections.stopAccepting();
    },
    close: async () => {
      await connections.close(FLUSH_TIMEOUT_MS);
      await nest.close();
    },
  };
}

/** Fastify rewrites before it creates its request object, so the host is determined here, by the same rule. */
function rewriting({ rewriteUrl, trustedProxies = 0 }: HttpAppOptions): (request: IncomingMessage) => string {
  if (rewriteUrl === undefined) return ({ url = '/' }) => canonicalUrl(url);
  return ({ headers, url = '/' }) => {
    const forwarded = trustedProxies > 0 ? headers['x-forwarded-host'] : undefined;
    // Each proxy appends the host it received: the last one is the nearest.
    const nearest = forwarded === undefined ? undefined : [forwarded].flat().join(',').split(',').at(-1)?.trim();
    return rewriteUrl(nearest ?? headers.host, canonicalUrl(url));
  };
}

/** Waits only when the hook returns a promise: most requests are handled from memory. */
function addOnRequest(fastify: FastifyInstance, onRequest: NonNullable<HttpAppOptions['onRequest']>): void {
  fastify.addHook('onRequest', (request, reply, next) => {
    try {
      const waiting = onRequest(request, reply);
      if (waiting instanceof Promise) waiting.then(() => next(), next);
      else next();
    } catch (error) {
      next(error as Error);
    }
  });
}

@Catch()
class ErrorFilter implements ExceptionFilter {
  readonly #options: HttpAppOptions;
  readonly #routes: RouteTable;

  constructor(options: HttpAppOptions, routes: RouteTable) {
    this.#options = options;
    this.#routes = routes;
  }

  /** Handles errors of handlers, of hooks (Nest passes Fastify's own on), and Nest's "no such route". */
  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const failure = isNoRoute(error) ? this.#noRoute(request, reply) : toAppError(error, this.#options.bodyBytesMax);
    if (failure.code === 'internal') this.#options.log.error('unhandled request error', { error });
    reply.hijack();
    (this.#options.writeError ?? writeError)(reply.raw, failure);
  }

  #noRoute(request: FastifyRequest, reply: FastifyReply): AppError {
    const { method } = request;
    const path = request.url.split('?', 1)[0] ?? '';
    const methods = this.#routes.methodsOf(path);
    if (methods.length === 0) {
      const hint = this.#options.unknownUrlHint?.(path) ?? 'Check the method and the path.';
      return new AppError('route.not_found', { method, path, hint });
    }
    reply.raw.setHeader('allow', methods.join(', '));
    return new AppError('route.method_not_allowed', { method, path });
  }
}
