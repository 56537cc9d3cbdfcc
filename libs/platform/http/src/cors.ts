/**
 * Cross-origin requests (CORS, Fetch standard). The headers are set on the raw response before any other hook, so that
 * rejections, errors and streams that bypass the framework have them too; a plugin that sets them on the framework's
 * reply would lose them there. Credentials are never allowed: API keys are sent explicitly, and cookies are for pages of the site itself.
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { RouteTable } from './route-table.ts';

export interface CorsOptions {
  /** Origins whose pages may read responses, as browsers send them (`https://app.example.com`); `*` for any. */
  readonly origins: readonly string[] | '*';
  /** Response headers that pages may read, besides the CORS-safelisted ones. */
  readonly exposedHeaders: readonly string[];
}

/** How long a browser caches a preflight response. */
const MAX_AGE_SECONDS = 600;
const HEADER_NAMES = /^[\w!#$%&'*+.^`|~-]+(?:\s*,\s*[\w!#$%&'*+.^`|~-]+)*$/;
const HEADER_NAMES_LENGTH_MAX = 4_096;

export class Cors {
  readonly #origins: ReadonlySet<string> | undefined;
  readonly #exposed: string;

  constructor({ origins, exposedHeaders }: CorsOptions) {
    this.#origins = origins === '*' ? undefined : new Set(origins);
    this.#exposed = exposedHeaders.join(', ');
  }

  /** Responds to preflight requests, which have no key, and adds headers to every other response. */
  register(fastify: FastifyInstance, routes: RouteTable): void {
    fastify.addHook('onRequest', ({ method, headers }, reply, next) => {
      if (method === 'OPTIONS' && isPreflight(headers)) this.#respondToPreflight(headers, reply, routes);
      else {
        this.addHeaders(headers, reply.raw);
        next();
      }
    });
  }

  /** Allows the requesting page to read this response, if its origin is allowed. */
  addHeaders({ origin }: IncomingHttpHeaders, response: ServerResponse): void {
    if (this.#allow(origin, response)) response.setHeader('access-control-expose-headers', this.#exposed);
  }

  #allow(origin: string | undefined, response: ServerResponse): boolean {
    if (this.#origins === undefined) {
      if (origin !== undefined) response.setHeader('access-control-allow-origin', '*');
      return origin !== undefined;
    }
    // A response for one origin must not be cached for another.
    response.setHeader('vary', 'Origin');
    if (origin === undefined || !this.#origins.has(origin)) return false;
    response.setHeader('access-control-allow-origin', origin);
    return true;
  }

  #respondToPreflight(headers: IncomingHttpHeaders, reply: FastifyReply, routes: RouteTable): void {
    reply.hijack();
    const response = reply.raw;
    if (this.#allow(headers.origin, response)) {
      response.setHeader('access-control-allow-methods', routes.methods().join(', '));
      const names = headers['access-control-request-headers'];
      // Echoes the requested names: `*` would not cover Authorization, and SDKs send a dozen of their own.
      if (names !== undefined && names.length <= HEADER_NAMES_LENGTH_MAX && HEADER_NAMES.test(names))
        response.setHeader('access-control-allow-headers', names);
      response.setHeader('access-control-max-age', String(MAX_AGE_SECONDS));
    }
    const varies = ['Origin', 'Access-Control-Request-Headers'];
    response.setHeader('vary', (this.#origins === undefined ? varies.slice(1) : varies).join(', '));
    response.writeHead(204).end();
  }
}

function isPreflight(headers: IncomingHttpHeaders): boolean {
  return headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}
