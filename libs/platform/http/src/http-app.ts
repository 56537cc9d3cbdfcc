/**
 * A Nest application on Fastify, set up the way every HTTP edge of the platform is: bounded bodies and timeouts, an
 * X-Request-ID on every answer, one error envelope, one access log line, and a close that lets open answers finish.
 */
import { Catch } from '@nestjs/common';
import type { ArgumentsHost, DynamicModule, ExceptionFilter, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { logAccess, logResponse } from './access-log.ts';
import { canonicalUrl } from './canonical-url.ts';
import { Connections } from './connections.ts';
import { Cors } from './cors.ts';
import type { CorsOptions } from './cors.ts';
import { respondToClientError, isNoRoute, replyWithError, toAppError } from './error-reply.ts';
import { readFormBodies } from './form-body.ts';
import { readJsonBodies } from './json-body.ts';
import { randomHex } from './random-hex.ts';
import { addRequestContext, requestIds } from './request-context.ts';
import { RouteTable } from './route-table.ts';

export interface HttpAppOptions {
  readonly log: Logger;
  /** Bound of a request body; larger is 413. */
  readonly bodyBytesMax: number;
  /** How many proxies in front are trusted to name the client's address. Default 0. */
  readonly trustedProxies?: number;
  /** Eight hexadecimal digits that every request id begins with: who has an id knows who serves it. Default random. */
  readonly instance?: string;
  /**
   * The URL to answer instead of the one that was asked for: what is routed, and named in errors. `host` is the Host header
   * as it came, or what a trusted proxy says that it was; `url` has no slashes too many.
   */
  readonly rewriteUrl?: (host: string | undefined, url: string) => string;
  /** How long a client may read nothing of an answer that is complete. Default 30,000. */
  readonly unreadResponseMs?: number;
  /** A sentence or two for a client whose path is not there: what it should ask for instead. Default: to check the path. */
  readonly unknownUrlHint?: (path: string) => string;
  /** Which web pages may read responses. Default: none. */
  readonly cors?: CorsOptions;
  /** Adds hooks before any route is registered. */
  readonly prepare?: (fastify: FastifyInstance) => void;
  /** Runs before the body is read; what it throws is the answer. */
  readonly onRequest?: (request: FastifyRequest, reply: FastifyReply) => void | Promise<void>;
}

export interface HttpApp {
  readonly nest: NestFastifyApplication;
  readonly routes: RouteTable;
  listen(port: number, host: string): Promise<number>;
  /** Accepts no more connections and tells clients with idle ones to go elsewhere; open answers go on. */
  stopAccepting(): void;
  /** Ends every connection, at once where it is idle and within a second where its client still reads. */
  close(): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 10_000;
/** For a body of 32 MB over a slow line. */
const REQUEST_TIMEOUT_MS = 120_000;
/** Longer than the 60 s that load balancers keep idle connections, so that they are the ones who close. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;
const CONNECTIONS_MAX = 10_000;
const UNREAD_RESPONSE_MS = 30_000;
/** How long a closing server waits for clients to read the end of their answers. */
const LAST_BYTES_MS = 1_000;

export async function createHttpApp(module: Type | DynamicModule, options: HttpAppOptions): Promise<HttpApp> {
  const cors = options.cors === undefined ? undefined : new Cors(options.cors);
  const newRequestId = requestIds(options.instance ?? randomHex(4));
  const adapter = new FastifyAdapter({
    bodyLimit: options.bodyBytesMax,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS },
    trustProxy: options.trustedProxies ?? 0,
    genReqId: newRequestId,
    rewriteUrl: rewriting(options),
    clientErrorHandler: (error: Error, socket: Socket) => respondToClientError(error, socket, newRequestId()),
    // A path that cannot be decoded reaches neither hooks nor handlers.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      reply.raw.setHeader('x-request-id', request.id);
      cors?.mark(request.headers, reply.raw);
      logResponse(options.log, request, reply);
      replyWithError(reply, toAppError(error, options.bodyBytesMax));
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
  // In this order: what a hook refuses is logged, and may be read by the page that asked.
  logAccess(fastify, options.log);
  addRequestContext(fastify, () => draining);
  cors?.watch(fastify, routes);
  if (options.onRequest !== undefined) addOnRequest(fastify, options.onRequest);
  options.prepare?.(fastify);
  const errors = new ErrorFilter(options, routes);
  const nest = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: false,
    bodyParser: false,
    abortOnError: false,
  });
  nest.useGlobalFilters(errors);
  readJsonBodies(fastify);
  readFormBodies(fastify);
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
      await connections.close(LAST_BYTES_MS);
      await nest.close();
    },
  };
}

/** Fastify rewrites before there is a request of its own, so the host is found here, by the rule that its requests have. */
function rewriting({ rewriteUrl, trustedProxies = 0 }: HttpAppOptions): (request: IncomingMessage) => string {
  if (rewriteUrl === undefined) return ({ url = '/' }) => canonicalUrl(url);
  return ({ headers, url = '/' }) => {
    const forwarded = trustedProxies > 0 ? headers['x-forwarded-host'] : undefined;
    // Each proxy appends what it was asked for: the last one is the nearest.
    const nearest = forwarded === undefined ? undefined : [forwarded].flat().join(',').split(',').at(-1)?.trim();
    return rewriteUrl(nearest ?? headers.host, canonicalUrl(url));
  };
}

/** A hook that waits only when there is something to wait for: most requests are answered from memory. */
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

  /** Errors of handlers, of what runs before them (Nest hands Fastify's own on), and Nest's "no such route". */
  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const failure = isNoRoute(error) ? this.#noRoute(request, reply) : toAppError(error, this.#options.bodyBytesMax);
    if (failure.code === 'internal') this.#options.log.error('a request failed', { error });
    replyWithError(reply, failure);
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
