import type { Access, Principal } from '@xerotier/contracts/auth';
import type { RawRequest } from '@xerotier/http';
import type { FastifyRequest } from 'fastify';

/** A request of a client over HTTP, or on a WebSocket, where everything but its body is that of the request that has opened it. */
export interface ClientRequest extends Pick<
  FastifyRequest,
  'id' | 'method' | 'url' | 'headers' | 'ip' | 'params' | 'routeOptions'
> {
  readonly raw: RawRequest;
  /** Set on every route that requires a key. */
  access?: Access;
  /** Set with `access`. */
  principal?: Principal;
}
