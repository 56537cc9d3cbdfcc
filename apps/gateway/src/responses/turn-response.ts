/** Writes a response of the Responses API: its events as they come, or the whole object. */
import type { turnsContract } from '@xerotier/contracts/responses';
import type { AppError } from '@xerotier/errors';
import { publicErrorBody } from '@xerotier/errors';
import { millisecondsSinceArrival, noteForLog, writeError } from '@xerotier/http';
import type { RawRequest } from '@xerotier/http';
import type { StreamControl } from '@xerotier/nats';
import type { ServerResponse } from 'node:http';
import type { z } from 'zod';
import { SseStream } from '../requests/sse-stream.ts';

type Run = typeof turnsContract.operations.run;
type Head = z.output<Run['head']>;

export interface TurnSink {
  head(head: Head): void;
  data(payload: Uint8Array): void;
  end(): void;
  error(error: AppError): void;
  attach(control: StreamControl): void;
}

/** Adds what the head tells to the access log, and returns the headers. */
export function headersOf({ workerId }: Head, request: RawRequest): Record<string, string> {
  noteForLog(request, { timeToFirstTokenMs: millisecondsSinceArrival(request) });
  if (workerId === undefined) return {};
  noteForLog(request, { worker: workerId });
  return { 'x-xerotier-worker-id': workerId };
}

const EVENT = Buffer.from('event: ');
const DATA = Buffer.from('\ndata: ');
const END = Buffer.from('\n\n');
/** What an event begins with, before the name of its type. */
const TYPE_START = '{"type":"'.length;
const QUOTE = '"'.charCodeAt(0);

export class StreamedTurn implements TurnSink {
  readonly #response: ServerResponse;
  readonly #stream: SseStream;
  /** Each data frame is an event, and they are numbered from 0. */
  #events: number;

  /** @param first number of the first event. */
  constructor(response: ServerResponse, first = 0) {
    this.#response = response;
    this.#events = first;
    this.#stream = new SseStream(response, (error) => errorEvent(error, this.#events));
  }

  attach(control: StreamControl): void {
    this.#stream.attach(control);
  }

  head(head: Head): void {
    this.#stream.begin(headersOf(head, this.#response.req));
  }

  /** Each event is one write: some clients lose events that are split. */
  data(json: Uint8Array): void {
    this.#events += 1;
    const type = json.subarray(TYPE_START, json.indexOf(QUOTE, TYPE_START));
    this.#stream.write([EVENT, type, DATA, json, END]);
  }

  end(): void {
    this.#stream.end('data: [DONE]\n\n');
  }

  error(error: AppError): void {
    this.#stream.error(error);
  }
}

/** The fields are flat, as in the OpenAI document, and in `error`, where other clients look for them. */
function errorEvent(error: AppError, sequenceNumber: number): string {
  const { code, message, param } = publicErrorBody(error).error;
  const fields = { code, message, param };
  const event = { type: 'error', sequence_number: sequenceNumber, ...fields };
  return `event: error\ndata: ${JSON.stringify({ ...event, error: { type: 'stream_error', ...fields } })}\n\n`;
}

export class WholeTurn implements TurnSink {
  readonly #response: ServerResponse;
  readonly #parts: Buffer[] = [];
  #headers: Record<string, string> = {};

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  attach(control: StreamControl): void {
    this.#response.once('close', () => control.cancel());
  }

  head(head: Head): void {
    this.#headers = headersOf(head, this.#response.req);
  }

  /** The payload is valid during the call only. */
  data(payload: Uint8Array): void {
    this.#parts.push(Buffer.from(payload));
  }

  end(): void {
    if (this.#response.destroyed) return;
    const body = Buffer.concat(this.#parts);
    this.#response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': body.length,
      ...this.#headers,
    });
    this.#response.end(body);
  }

  error(error: AppError): void {
    if (!this.#response.destroyed) writeError(this.#response, error);
  }
}
