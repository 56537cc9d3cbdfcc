import { scriptMessage } from './script.ts';

/** Where and how a target accepts chat completions. */
export interface LoadTarget {
  host: string;
  port: number;
  path: string;
  headers: Record<string, string>;
  model: string;
}

/** Closed loop: each of `connections` sends its next request as soon as it has received its response. */
export interface RequestsSpec {
  kind: 'requests';
  connections: number;
  durationMs: number;
  /** Tokens in each completion. */
  tokens: number;
  /** Responses instead of chat completions, stored or not. Only this platform has them. */
  responses?: { readonly store: boolean };
}

/** `concurrency` connections, each reading `streamsEach` streams one after the other. */
export interface StreamsSpec {
  kind: 'streams';
  concurrency: number;
  streamsEach: number;
  tokens: number;
  delayMs: number;
  /** The first streams start evenly over this time, not all at once. */
  rampMs: number;
  /**
   * After the first token of a stream and until its last few, it is read only this often. That keeps the generator,
   * which shares a CPU with the engine, from slowing down the engine; 0 reads every frame as it arrives.
   */
  readPauseMs: number;
}

export type LoadSpec = RequestsSpec | StreamsSpec;

/** A request without a response within this time fails; it also bounds every run. */
export const requestTimeoutMs = 60_000;

export interface RequestsResult {
  kind: 'requests';
  /** Successful responses within the measured time. */
  requests: number;
  failed: number;
  durationMs: number;
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  problems: string[];
}

export interface StreamsResult {
  kind: 'streams';
  streams: number;
  /** Streams with any error: a lost or changed frame, no finish reason, no `[DONE]`. */
  failed: number;
  /** Maximum number of concurrently open streams, each from its request to its last byte. */
  peakConcurrency: number;
  frames: number;
  tokens: number;
  lostTokens: number;
  durationMs: number;
  firstTokenP50Ms: number;
  firstTokenP99Ms: number;
  totalP50Ms: number;
  totalP99Ms: number;
  problems: string[];
}

export type LoadResult = RequestsResult | StreamsResult;

/** Returns the whole request as bytes; built once per run. */
export function requestBytes(target: LoadTarget, spec: LoadSpec): Buffer {
  const stream = spec.kind === 'streams';
  const directive = { tokens: spec.tokens, delayMs: spec.kind === 'streams' ? spec.delayMs : 0 };
  const message = scriptMessage(directive);
  const responses = spec.kind === 'requests' ? spec.responses : undefined;
  const body = JSON.stringify(
    responses === undefined
      ? { model: target.model, messages: [{ role: 'user', content: message }], max_tokens: spec.tokens, stream }
      : { model: target.model, input: message, max_output_tokens: spec.tokens, ...responses },
  );
  const path = responses === undefined ? target.path : target.path.replace('/chat/completions', '/responses');
  const headers = {
    host: `${target.host}:${target.port}`,
    accept: stream ? 'text/event-stream' : 'application/json',
    'content-type': 'application/json',
    ...target.headers,
    'content-length': String(Buffer.byteLength(body)),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
}
