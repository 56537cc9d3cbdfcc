/** The client for URLs that users name. Nothing else requests them. */
import { AppError } from '@xerotier/errors';
import { attribute, endSpan, SpanKind, startSpan } from '@xerotier/telemetry';
import { addAbortSignal } from 'node:stream';
import type { Readable } from 'node:stream';
import type { Client, Dispatcher } from 'undici';
import { AddressPolicy } from './address-policy.ts';
import { ACCEPTED_ENCODINGS, boundedBody, parseEncodings } from './bounded-body.ts';
import { Deadline } from './deadline.ts';
import { requestFailure, unreadable } from './egress-failure.ts';
import { metrics } from './metrics.ts';
import { pinnedClient } from './pinned-client.ts';
import { headersForOtherOrigin, headersWithoutContent, parseHeaders } from './request-headers.ts';
import type { RequestHeaders } from './request-headers.ts';
import { resolveHost } from './resolve.ts';
import { parseHttpHeaders } from './response-headers.ts';
import type { ResponseHeaders } from './response-headers.ts';
import { parseTarget } from './target-url.ts';
import type { Scheme, Target, TargetRules } from './target-url.ts';

const BYTES_MAX_DEFAULT = 10 * 1_024 * 1_024;
const TIMEOUT_MS_DEFAULT = 10_000;
const REDIRECTS_MAX_DEFAULT = 3;
const REQUESTS_MAX_DEFAULT = 256;
export const PORTS_DEFAULT: readonly number[] = [80, 443, 8443];
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export interface EgressClientOptions {
  /** Networks that are allowed although they are not public, in CIDR notation. Default: none. */
  readonly allowedNetworks?: readonly string[] | undefined;
  /** Networks that are never allowed, in CIDR notation. Default: none. */
  readonly blockedNetworks?: readonly string[] | undefined;
  /** Default: 80, 443 and 8443. */
  readonly ports?: readonly number[] | undefined;
  /** Addresses, with a port unless it is 53. Default: the servers of the machine. */
  readonly dnsServers?: readonly string[] | undefined;
  /** Requests at once, until their responses are read. Default 256. */
  readonly requestsMax?: number | undefined;
}

export interface EgressRequest {
  /** Default GET. */
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Nothing is added but the host, `accept-encoding`, and `accept` and `user-agent` if they are missing. */
  readonly headers?: RequestHeaders;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
  /** Of the content, encoded and decoded. Default 10 MiB. */
  readonly bytesMax?: number;
  /** Until the last byte was read. Default 10 s. */
  readonly timeoutMs?: number;
  /** Until the first byte of the response, redirects included. Default 10 s. */
  readonly responseTimeoutMs?: number;
  /** Default 3, and 0 for methods other than GET and HEAD. */
  readonly redirectsMax?: number;
  /** Of redirects too. Default http and https. */
  readonly allowedSchemes?: readonly Scheme[];
  /** Media types without parameters that a successful (2xx) response may have. Default: any. */
  readonly contentTypes?: readonly string[];
}

export interface EgressResponse {
  readonly status: number;
  /** Without cookies, and without the headers that describe how the content was encoded. */
  readonly headers: ResponseHeaders;
  /** After redirects. */
  readonly url: string;
  /** Decoded. It must be read to its end or destroyed; `timeoutMs` destroys it otherwise. */
  readonly body: Readable;
}

/** One request of the chain of redirects. */
interface Hop {
  readonly target: Target;
  readonly method: Dispatcher.HttpMethod;
  readonly headers: RequestHeaders;
  readonly body: string | Uint8Array | undefined;
}

interface HopResponse {
  readonly response: Dispatcher.ResponseData;
  readonly client: Client;
}

export class EgressClient {
  readonly #policy: AddressPolicy;
  readonly #ports: readonly number[];
  readonly #dnsServers: readonly string[] | undefined;
  readonly #requestsMax: number;
  #requests = 0;

  constructor(options: EgressClientOptions = {}) {
    this.#policy = new AddressPolicy({ allowed: options.allowedNetworks, blocked: options.blockedNetworks });
    this.#ports = options.ports ?? PORTS_DEFAULT;
    this.#dnsServers = options.dnsServers;
    this.#requestsMax = options.requestsMax ?? REQUESTS_MAX_DEFAULT;
  }

  /**
   * Sends a request to a URL that a user has named, and waits for the headers of the response, whatever its status is.
   * The body fails with the same errors.
   * @throws {AppError} `egress.url_not_allowed`, `egress.address_not_allowed`, `egress.header_not_allowed`,
   * `egress.unreachable`, `egress.timeout`, `egress.too_many_redirects`, `egress.type_not_allowed`, `egress.too_large`,
   * `egress.unreadable`, `egress.overloaded`.
   * @throws the reason of the signal when it is aborted.
   */
  async fetch(url: string, request: EgressRequest = {}): Promise<EgressResponse> {
    const { method = 'GET', timeoutMs = TIMEOUT_MS_DEFAULT, responseTimeoutMs = TIMEOUT_MS_DEFAULT } = request;
    const span = startSpan('egress.fetch', {
      kind: SpanKind.CLIENT,
      attributes: { [attribute.httpRequestMethod]: method },
    });
    const deadline = new Deadline({ signal: request.signal, timeoutMs, responseTimeoutMs });
    this.#requests++;
    const end = (outcome: string, failure?: AppError): void => {
      this.#requests--;
      deadline.end();
      metrics.requests.inc({ outcome });
      endSpan(span, failure);
    };
    try {
      if (this.#requests > this.#requestsMax) throw new AppError('egress.overloaded');
      const response = await this.#fetch(url, request, deadline);
      span.setAttribute(attribute.httpResponseStatusCode, response.status);
      response.body.once('close', () => {
        const { errored, readableEnded } = response.body;
        if (errored !== null) end(...outcomeOf(errored, request.signal));
        else end(readableEnded ? 'completed' : 'cancelled');
      });
      return response;
    } catch (error) {
      end(...outcomeOf(error, request.signal));
      throw error;
    }
  }

  async #fetch(url: string, request: EgressRequest, deadline: Deadline): Promise<EgressResponse> {
    const { method = 'GET', headers = {}, body, allowedSchemes: schemes = ['https', 'http'] } = request;
    const rules: TargetRules = { schemes, ports: this.#ports, internalNames: this.#policy.allowsInternal };
    const redirectsMax = request.redirectsMax ?? (method === 'GET' || method === 'HEAD' ? REDIRECTS_MAX_DEFAULT : 0);
    let hop: Hop = { target: parseTarget(url, rules), method, headers: parseHeaders(headers), body };
    for (let redirects = 0; ; redirects++) {
      const { response, client } = await this.#send(hop, deadline.signal);
      try {
        const location = response.headers['location'];
        if (!REDIRECTS.has(response.statusCode) || location === undefined) {
          return responseOf(hop, response, request, deadline);
        }
        if (redirects === redirectsMax) throw new AppError('egress.too_many_redirects', { max: redirectsMax });
        if (typeof location !== 'string') throw unreadable('it redirects to several URLs');
        hop = redirected(hop, response.statusCode, parseTarget(location, rules, hop.target.url));
        discard(response, client);
      } catch (error) {
        discard(response, client);
        throw error;
      }
    }
  }

  async #send({ target, method, headers, body }: Hop, signal: AbortSignal): Promise<HopResponse> {
    let client: Client | undefined;
    try {
      signal.throwIfAborted();
      const options = { policy: this.#policy, dnsServers: this.#dnsServers, signal };
      const addresses = await resolveHost(target.host, options);
      signal.throwIfAborted();
      client = pinnedClient(target.url.origin, addresses, this.#policy);
      const response = await client.request({
        path: `${target.url.pathname}${target.url.search}`,
        method,
        headers: { accept: '*/*', 'user-agent': 'xerotier', ...headers, 'accept-encoding': ACCEPTED_ENCODINGS },
        body,
        signal,
      });
      return { response, client };
    } catch (error) {
      void client?.destroy();
      throw requestFailure(error, signal);
    }
  }
}

/** @throws {AppError} `egress.type_not_allowed`, `egress.too_large`, `egress.unreadable`. */
function responseOf(
  { target, method }: Hop,
  response: Dispatcher.ResponseData,
  { bytesMax = BYTES_MAX_DEFAULT, contentTypes }: EgressRequest,
  deadline: Deadline,
): EgressResponse {
  const { statusCode: status, body: source } = response;
  const headers = parseHttpHeaders(response.headers);
  if (contentTypes !== undefined && status >= 200 && status < 300) checkType(headers.get('content-type'), contentTypes);
  const length = headers.get('content-length');
  const isEmpty = method === 'HEAD' || status === 204 || status === 304 || length === '0';
  if (!isEmpty && Number(length) > bytesMax) throw new AppError('egress.too_large', { bytesMax });
  const encodings = isEmpty ? [] : parseEncodings(headers.get('content-encoding'));
  deadline.responded();
  const body = boundedBody(source, { encodings, bytesMax, signal: deadline.signal });
  addAbortSignal(deadline.signal, body);
  const isDescription = (name: string): boolean => encodings.length > 0 && /^content-(?:encoding|length)$/u.test(name);
  return {
    status,
    headers: new Map([...headers].filter(([name]) => name !== 'set-cookie' && !isDescription(name))),
    url: target.url.href,
    body,
  };
}

function checkType(contentType: string | undefined, allowed: readonly string[]): void {
  const [type = ''] = (contentType ?? '').split(';');
  if (allowed.includes(type.trim().toLowerCase())) return;
  throw new AppError('egress.type_not_allowed', { mediaType: allowed.join(' or ') });
}

/** As browsers do: 303 is a GET, and so are 301 and 302 of a POST. Another origin receives no credentials. */
function redirected({ target: from, method, headers, body }: Hop, status: number, target: Target): Hop {
  const allowed = target.url.origin === from.url.origin ? headers : headersForOtherOrigin(headers);
  const isGet = (status === 303 && method !== 'HEAD') || (status < 303 && method === 'POST');
  return isGet
    ? { target, method: 'GET', headers: headersWithoutContent(allowed), body: undefined }
    : { target, method, headers: allowed, body };
}

function discard({ body }: Dispatcher.ResponseData, client: Client): void {
  body.on('error', () => undefined).destroy();
  void client.destroy();
}

function outcomeOf(error: unknown, signal: AbortSignal | undefined): [outcome: string, failure?: AppError] {
  if (signal?.aborted === true && error === signal.reason) return ['cancelled'];
  const failure = AppError.from(error);
  return [failure.code.startsWith('egress.') ? failure.code.slice('egress.'.length) : 'failed', failure];
}
