/**
 * Holds responses against their operation, outside production: the media type and the body of a success, and the status and the
 * code of an error. What does not fit is a 500 and an error in the log, so that no test passes with it. The events of a stream are
 * not looked at here; the end-to-end tests do that.
 */
import { AppError } from '@xerotier/errors';
import { writeError } from '@xerotier/http';
import type { Logger } from '@xerotier/log';
import { errorResponse, publicErrors } from '@xerotier/public-api/errors';
import type { OperationDefinition } from '@xerotier/public-api/operation';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** Called before anything is written. */
export function checkResponse(request: FastifyRequest, reply: FastifyReply, log: Logger): void {
  const { operation } = request.routeOptions.config;
  if (operation !== undefined) new CheckedResponse(reply.raw, { operation, method: request.method, log }).watch();
}

interface CheckContext {
  readonly operation: OperationDefinition;
  readonly method: string;
  readonly log: Logger;
}

/** Methods that are covered by ones of our own until the response is let out. */
const WATCHED = ['writeHead', 'write', 'end'] as const;

type WriteHead = (status: number, ...rest: unknown[]) => ServerResponse;

/** Holds the head of a response back until its body is known, so that it can still become that of a 500. */
class CheckedResponse {
  readonly #response: ServerResponse;
  readonly #context: CheckContext;
  readonly #pieces: Buffer[] = [];
  #head: Parameters<WriteHead> | undefined;

  constructor(response: ServerResponse, context: CheckContext) {
    this.#response = response;
    this.#context = context;
  }

  watch(): void {
    Object.assign(this.#response, {
      writeHead: (...head: Parameters<WriteHead>) => this.#writeHead(head),
      write: (...args: unknown[]) => this.#write(args),
      end: (...args: unknown[]) => this.#end(args),
    });
  }

  #writeHead(head: Parameters<WriteHead>): ServerResponse {
    this.#head = head;
    this.#response.statusCode = head[0];
    if (!this.#isRead()) this.#letOut(undefined);
    return this.#response;
  }

  #write(args: unknown[]): boolean {
    if (!this.#isRead()) return this.#letOut(undefined) && this.#pass('write', args);
    this.#pieces.push(bytesOf(args[0]));
    return true;
  }

  #end(args: unknown[]): ServerResponse {
    const [last] = args;
    if (typeof last === 'string' || last instanceof Uint8Array) this.#pieces.push(bytesOf(last));
    const body = Buffer.concat(this.#pieces);
    if (this.#letOut(body)) this.#pass('end', [body, ...args.filter((value) => typeof value === 'function')]);
    return this.#response;
  }

  /** Whether the body is looked at: what is passed on leaves as it comes. */
  #isRead(): boolean {
    const { statusCode } = this.#response;
    return statusCode !== 200 || !isRaw(this.#context.operation, this.#type());
  }

  #type(): string {
    const given = this.#head?.slice(1).find((value): value is OutgoingHttpHeaders => typeof value === 'object');
    return mediaType(headerOf(given, 'content-type') ?? this.#response.getHeader('content-type'));
  }

  /** Writes the head that was held back; where the response does not fit, a 500 in its place, and returns false. */
  #letOut(body: Buffer | undefined): boolean {
    const { operation, method, log } = this.#context;
    const { statusCode: status } = this.#response;
    const problem = problemOf(operation, method, { status, type: this.#type(), body });
    for (const name of WATCHED) Reflect.deleteProperty(this.#response, name);
    if (problem === undefined) {
      if (this.#head !== undefined) this.#pass('writeHead', this.#head);
      return true;
    }
    log.error('response does not fit its operation', { operation: operation.operationId, status, problem });
    writeError(this.#response, new AppError('internal', {}, { cause: new Error(problem) }));
    return false;
  }

  #pass(name: (typeof WATCHED)[number], args: readonly unknown[]): boolean {
    const response = this.#response as unknown as Record<string, (...values: readonly unknown[]) => boolean>;
    return response[name]?.(...args) === true;
  }
}

interface Outgoing {
  readonly status: number;
  readonly type: string;
  /** Absent where it is not looked at. */
  readonly body: Buffer | undefined;
}

/** What does not fit; undefined when everything does. */
function problemOf(operation: OperationDefinition, method: string, outgoing: Outgoing): string | undefined {
  const { status, type, body } = outgoing;
  if (status !== 200)
    return body === undefined ? `status ${status} with ${type}` : errorProblem(operation, status, body);
  if (isRaw(operation, type)) return undefined;
  const { response } = operation;
  if (type !== 'application/json' || response === undefined) return `${type || 'no media type'} is not declared`;
  // A HEAD has the headers of a GET and no body.
  if (body === undefined || method === 'HEAD') return undefined;
  const issue = response.safeParse(parsed(body)).error?.issues[0];
  return issue === undefined ? undefined : `${issue.path.join('.')}: ${issue.message}`;
}

function isRaw({ events, rawResponse }: OperationDefinition, type: string): boolean {
  return (type === 'text/event-stream' && events !== undefined) || rawResponse?.includes(type) === true;
}

function errorProblem({ errors }: OperationDefinition, status: number, body: Buffer): string | undefined {
  const result = errorResponse.safeParse(parsed(body));
  if (!result.success) return `status ${status} without an error envelope`;
  const { code } = result.data.error;
  if (publicErrors[code].status !== status) return `${code} with status ${status}`;
  // A path that only looks like one of the operation.
  return errors.includes(code) || code === 'unknown_url' ? undefined : `the code ${code} is not declared`;
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function bytesOf(chunk: unknown): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk as Uint8Array);
}

function headerOf(headers: OutgoingHttpHeaders | undefined, name: string): string | undefined {
  const found = Object.entries(headers ?? {}).find(([key]) => key.toLowerCase() === name)?.[1];
  return found === undefined ? undefined : String(found);
}

function mediaType(header: unknown): string {
  return typeof header === 'string' ? header.replace(/;.*/, '').trim().toLowerCase() : '';
}
