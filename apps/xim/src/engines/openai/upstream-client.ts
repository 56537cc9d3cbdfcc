/**
 * HTTP to an OpenAI-compatible server: one connection per slot, every wait and every size bounded, and every failure
 * turned into an error of the platform that names neither the server nor its key. Closing a response closes the
 * connection, which is how such servers learn that nobody wants the rest.
 */
import { AppError } from '@xerotier/errors';
import { Agent, FormData } from 'undici';
import type { Dispatcher } from 'undici';
import { contextLengthExceeded } from '../token-budget.ts';
import { contextLengthIn, upstreamReason } from './upstream-reason.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const ERROR_BYTES_MAX = 64 * 1_024;
const RETRY_AFTER_SECONDS_MAX = 300;

export interface UpstreamClientOptions {
  readonly baseUrl: string;
  readonly apiKey?: string | undefined;
  readonly connections: number;
}

export interface UpstreamRequest {
  readonly method: 'GET' | 'POST';
  /** Below the base URL, with a leading slash. */
  readonly path: string;
  /** Sent as JSON, or as the form that it is. */
  readonly body?: unknown;
  readonly accept: 'application/json' | 'text/event-stream' | '*/*';
  readonly signal: AbortSignal;
  /** Until the headers of the answer. */
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
      // Over HTTP/2 several requests share a connection, and closing it would end all of them.
      allowH2: false,
      connect: { timeout: CONNECT_TIMEOUT_MS },
    });
  }

  /**
   * Sends a request and waits for the headers of a good answer; its body has to be read or destroyed.
   * @throws {AppError} `inference.context_length_exceeded`, `inference.upstream_rejected`, `worker.busy`,
   * `inference.engine_unavailable` when no connection can be made, or `inference.engine_failed` (with `upstreamStatus` in its details when there was an answer); what the signal was aborted
   * with, when it was.
   */
  async send(request: UpstreamRequest): Promise<UpstreamResponse> {
    const response = await this.#request(request).catch((error: unknown) => {
      throw this.failure(error, request.signal);
    });
    if (response.statusCode === 200) return response;
    const text = await readText(response.body, ERROR_BYTES_MAX).catch(() => '');
    throw this.#refusal(response.statusCode, text, response.headers['retry-after']);
  }

  /** An error that was met while reading a body, as an error of the platform. */
  failure(error: unknown, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason;
    if (AppError.is(error)) return error;
    const code = isUnreachable(error) ? 'inference.engine_unavailable' : 'inference.engine_failed';
    return new AppError(code, {}, { cause: this.#withoutSecrets(error) });
  }

  /** @throws {AppError} `inference.engine_failed` when it is longer than allowed or no JSON. */
  async readJson(response: UpstreamResponse, bytesMax: number, signal: AbortSignal): Promise<unknown> {
    return (await this.readJsonText(response, bytesMax, signal)).json;
  }

  /** The JSON together with its text. @throws as `readJson`. */
  async readJsonText(
    response: UpstreamResponse,
    bytesMax: number,
    signal: AbortSignal,
  ): Promise<{ text: string; json: unknown }> {
    try {
      const text = await readText(response.body, bytesMax);
      return { text, json: JSON.parse(text) };
    } catch (error) {
      throw this.failure(error, signal);
    }
  }

  /** The reason in an error object that came where an answer was expected. */
  reasonIn(error: unknown): string {
    return upstreamReason(JSON.stringify(error), this.#secrets);
  }

  /** Ends what runs. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #request(request: UpstreamRequest): Promise<Dispatcher.ResponseData> {
    const isForm = request.body instanceof FormData;
    return this.#agent.request({
      origin: this.#origin,
      path: `${this.#basePath}${request.path}`,
      method: request.method,
      signal: request.signal,
      headersTimeout: request.headersTimeoutMs,
      bodyTimeout: request.idleTimeoutMs,
      headers: {
        accept: request.accept,
        ...(request.body !== undefined && !isForm && { 'content-type': 'application/json' }),
        ...(this.#apiKey !== undefined && { authorization: `Bearer ${this.#apiKey}` }),
      },
      ...(request.body !== undefined && { body: isForm ? request.body : JSON.stringify(request.body) }),
    });
  }

  #refusal(status: number, body: string, retryAfter: string | string[] | undefined): AppError {
    const reason = upstreamReason(body, this.#secrets);
    const cause = new Error(`The upstream answered ${status}: ${reason}`);
    switch (status) {
      case 400:
      case 413:
      case 415:
      case 422: {
        const length = contextLengthIn(body);
        if (length !== undefined) return contextLengthExceeded(length.promptTokens, length.contextTokens);
        return new AppError('inference.upstream_rejected', { reason }, { cause });
      }
      case 429:
      case 503:
        return new AppError('worker.busy', {}, { cause, ...retryAfterOf(retryAfter) });
      default:
        return new AppError('inference.engine_failed', { upstreamStatus: status }, { cause });
    }
  }

  /** Network errors name the address that they could not reach, and a log is read by more people than should know it. */
  #withoutSecrets(error: unknown): Error {
    const code = (error as { code?: unknown } | null)?.code;
    const text = error instanceof Error ? error.message : String(error);
    return new Error(`${typeof code === 'string' ? `${code}: ` : ''}${upstreamReason(text, this.#secrets)}`);
  }
}

/** Codes of Node and undici for a server that no connection could be made to. */
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
  // Of a name with several addresses, each of them was tried.
  return UNREACHABLE.has(code) || (Array.isArray(errors) && errors.length > 0 && errors.every(isUnreachable));
}

function retryAfterOf(header: string | string[] | undefined): { retryAfterSeconds?: number } {
  const seconds = Number(header);
  return seconds > 0 ? { retryAfterSeconds: Math.min(seconds, RETRY_AFTER_SECONDS_MAX) } : {};
}

async function readText(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body) {
    parts.push(part);
    length += part.length;
    if (length > bytesMax) throw new Error(`The answer is longer than ${bytesMax} bytes.`);
  }
  return Buffer.concat(parts).toString('utf8');
}
