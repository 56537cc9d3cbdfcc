/**
 * HTTP client of an OpenAI-compatible server: one connection per slot, limits for all timeouts and sizes, and failures translated
 * to errors of the platform that contain neither the address of the server nor its key. Closing a response closes the connection,
 * which aborts the generation on such servers.
 */
import { AppError } from '@xerotier/errors';
import { Agent, FormData } from 'undici';
import type { Dispatcher } from 'undici';
import { errorOfFailure, failureIn } from './upstream-error.ts';
import { asObject, parseUpstreamJson } from './upstream-json.ts';
import { upstreamReason } from './upstream-reason.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const ERROR_BYTES_MAX = 64 * 1_024;

export interface UpstreamClientOptions {
  readonly baseUrl: string;
  readonly apiKey?: string | undefined;
  readonly connections: number;
}

export interface UpstreamRequest {
  readonly method: 'GET' | 'POST';
  /** Relative to the base URL, with a leading slash. */
  readonly path: string;
  /** Whether the path is relative to the folder above `/v1` instead. */
  readonly isBesideV1?: boolean;
  /** Sent as JSON, unless it is a `FormData`. */
  readonly body?: unknown;
  readonly accept: 'application/json' | 'text/event-stream' | '*/*';
  readonly signal: AbortSignal;
  /** Until the headers of the response. */
  readonly headersTimeoutMs: number;
  /** Between two pieces of the body. */
  readonly idleTimeoutMs: number;
}

export type UpstreamResponse = Pick<Dispatcher.ResponseData, 'headers' | 'body'>;

export class UpstreamClient {
  readonly #agent: Agent;
  readonly #origin: string;
  readonly #basePath: string;
  readonly #apiKey: string | undefined;
  readonly #secrets: readonly string[];

  constructor({ baseUrl, apiKey, connections }: UpstreamClientOptions) {
    const url = new URL(baseUrl);
    this.#origin = url.origin;
    this.#basePath = url.pathname.replace(/\/+$/, '');
    this.#apiKey = apiKey;
    this.#secrets = [apiKey ?? '', url.host, url.hostname];
    this.#agent = new Agent({
      connections,
      pipelining: 1,
      // With HTTP/2 several requests share a connection, and closing it would abort all of them.
      allowH2: false,
      connect: { timeout: CONNECT_TIMEOUT_MS },
    });
  }

  /**
   * Sends a request and waits for the headers of a successful response (2xx). The caller must read or destroy its body.
   * @throws {AppError} as `errorOfFailure`; without a response, `inference.engine_unavailable` when the connection failed and
   * `inference.engine_failed` otherwise; the reason of the signal when it was aborted.
   */
  async send(request: UpstreamRequest): Promise<UpstreamResponse> {
    const response = await this.#request(request).catch((error: unknown) => {
      throw this.failure(error, request.signal);
    });
    const { statusCode: status, headers } = response;
    if (status >= 200 && status < 300) return response;
    const body = await readText(response.body, ERROR_BYTES_MAX).catch(() => '');
    throw errorOfFailure({ status, body, headers }, this.#secrets);
  }

  /** Translates an error while reading a body to an error of the platform. */
  failure(error: unknown, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason;
    if (AppError.is(error)) return error;
    const code = isUnreachable(error) ? 'inference.engine_unavailable' : 'inference.engine_failed';
    return new AppError(code, {}, { cause: this.#withoutSecrets(error) });
  }

  /** @throws {AppError} `inference.engine_failed` when the body is too long or not JSON; as `throwError`. */
  async readJson(response: UpstreamResponse, bytesMax: number, signal: AbortSignal): Promise<unknown> {
    return (await this.readJsonText(response, bytesMax, signal)).json;
  }

  /** Reads the JSON together with its text. @throws as `readJson`. */
  async readJsonText(
    response: { readonly body: AsyncIterable<Uint8Array> },
    bytesMax: number,
    signal: AbortSignal,
  ): Promise<{ text: string; json: unknown }> {
    try {
      const text = await readText(response.body, bytesMax);
      const json = parseUpstreamJson(text);
      this.throwError(json);
      return { text, json };
    } catch (error) {
      throw this.failure(error, signal);
    }
  }

  /** @throws {AppError} as `errorOfFailure`, when the value is an error instead of a response. */
  throwError(value: unknown): void {
    const json = asObject(value);
    const failure = json === undefined ? undefined : failureIn(json);
    if (failure !== undefined) throw errorOfFailure(failure, this.#secrets);
  }

  /** Aborts all requests. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #request(request: UpstreamRequest): Promise<Dispatcher.ResponseData> {
    const isForm = request.body instanceof FormData;
    return this.#agent.request({
      origin: this.#origin,
      path: `${request.isBesideV1 === true ? this.#basePath.replace(/\/v1$/, '') : this.#basePath}${request.path}`,
      method: request.method,
      signal: request.signal,
      headersTimeout: request.headersTimeoutMs,
      bodyTimeout: request.idleTimeoutMs,
      headers: {
        accept: request.accept,
        ...(request.body !== undefined && !isForm && { 'content-type': 'application/json' }),
        ...(this.#apiKey !== undefined && { authorization: `Bearer ${this.#apiKey}` }),
      },
      ...(request.body !== undefined && { body: isForm ? request.body : jsonText(request.body) }),
    });
  }

  /** Network errors contain the address of the server, which must not be logged. */
  #withoutSecrets(error: unknown): Error {
    const code = (error as { code?: unknown } | null)?.code;
    const text = error instanceof Error ? error.message : String(error);
    return new Error(`${typeof code === 'string' ? `${code}: ` : ''}${upstreamReason(text, this.#secrets)}`);
  }
}

/** Codes of Node and undici for failed connections. */
const UNREACHABLE: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function isUnreachable(error: unknown): boolean {
  const { code, errors } = (error ?? {}) as { code?: unknown; errors?: unknown };
  // A host name with several addresses has one error per address.
  return UNREACHABLE.has(code) || (Array.isArray(errors) && errors.length > 0 && errors.every(isUnreachable));
}

/** An escaped lone surrogate, or any other escape, so that an escaped backslash is not mistaken for the start of one. */
const ESCAPE = /\\(?:u(d[89a-f][0-9a-f]{2})|.)/g;

/** Returns the JSON text with lone surrogates replaced: most servers fail on text that is not valid Unicode. */
function jsonText(value: unknown): string {
  const text = JSON.stringify(value);
  if (!text.includes('\\ud')) return text;
  return text.replace(ESCAPE, (escape, half: string | undefined) => (half === undefined ? escape : '\ufffd'));
}

/** @throws an Error when the body is longer. */
export async function readText(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body) {
    parts.push(part);
    length += part.length;
    if (length > bytesMax) throw new Error(`The response is longer than ${bytesMax} bytes.`);
  }
  return Buffer.concat(parts).toString('utf8');
}
