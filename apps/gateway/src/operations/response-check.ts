/**
 * Validates responses against their operation, outside production: the media type and body of a success, and the status and code
 * of an error. An invalid response is replaced by a 500 and logged, so that tests fail. Events of streams are not validated here,
 * but by the end-to-end tests.
 */
import { AppError } from '@xerotier/errors';
import { writeError } from '@xerotier/http';
import type { Logger } from '@xerotier/log';
import { errorResponse, publicErrors } from '@xerotier/public-api/errors';
import type { OperationDefinition } from '@xerotier/public-api/operation';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** Must be called before anything is written to the response. */
export function checkResponse(request: FastifyRequest, reply: FastifyReply, log: Logger): void {
  const { operation } = request.routeOptions.config;
  if (operation !== undefined) new CheckedResponse(reply.raw, { operation, method: request.method, log }).intercept();
}

interface CheckContext {
  readonly operation: OperationDefinition;
  readonly method: string;
  readonly log: Logger;
}

/** Methods of the response that are intercepted until it is released. */
const INTERCEPTED = ['writeHead', 'write', 'end'] as const;

type WriteHead = (status: number, ...rest: unknown[]) => ServerResponse;

/** Buffers the head of a response until its body is known, so that it can be replaced by a 500. */
class CheckedResponse {
  readonly #response: ServerResponse;
  readonly #context: CheckContext;
  readonly #chunks: Buffer[] = [];
  #head: Parameters<WriteHead> | undefined;

  constructor(response: ServerResponse, context: CheckContext) {
    this.#response = response;
    this.#context = context;
  }

  intercept(): void {
    Object.assign(this.#response, {
      writeHead: (...head: Parameters<WriteHead>) => this.#writeHead(head),
      write: (...args: unknown[]) => this.#write(args),
      end: (...args: unknown[]) => this.#end(args),
    });
  }

  #writeHead(head: Parameters<WriteHead>): ServerResponse {
    this.#head = head;
    this.#response.statusCode = head[0];
    if (!this.#isBodyChecked()) this.#release(undefined);
    return this.#response;
  }

  #write(args: unknown[]): boolean {
    if (!this.#isBodyChecked()) return this.#release(undefined) && this.#call('write', args);
    this.#chunks.push(bytesOf(args[0]));
    return true;
  }

  #end(args: unknown[]): ServerResponse {
    const [last] = args;
    if (typeof last === 'string' || last instanceof Uint8Array) this.#chunks.push(bytesOf(last));
    const body = Buffer.concat(this.#chunks);
    if (this.#release(body)) this.#call('end', [body, ...args.filter((value) => typeof value === 'function')]);
    return this.#response;
  }

  /** Whether the body is validated. Raw responses and event streams are passed through. */
  #isBodyChecked(): boolean {
    const { statusCode } = this.#response;
    const { operation } = this.#context;
    return !isSuccess(operation, statusCode) || !isRaw(operation, this.#type());
  }

  #type(): string {
    const headers = this.#head?.slice(1).find((value): value is OutgoingHttpHeaders => typeof value === 'object');
    return mediaType(headerOf(headers, 'content-type') ?? this.#response.getHeader('content-type'));
  }

  /** Writes the buffered head and returns true, or writes a 500 instead if the response is invalid, and returns false. */
  #release(body: Buffer | undefined): boolean {
    const { operation, method, log } = this.#context;
    const { statusCode: status } = this.#response;
    const problem = problemOf(operation, method, { status, type: this.#type(), body });
    for (const name of INTERCEPTED) Reflect.deleteProperty(this.#response, name);
    if (problem === undefined) {
      if (this.#head !== undefined) this.#call('writeHead', this.#head);
      return true;
    }
    log.error('response does not match its operation', { operation: operation.operationId, status, problem });
    writeError(this.#response, new AppError('internal', {}, { cause: new Error(problem) }));
    return false;
  }

  #call(name: (typeof INTERCEPTED)[number], args: readonly unknown[]): boolean {
    const response = this.#response as unknown as Record<string, (...values: readonly unknown[]) => boolean>;
    return response[name]?.(...args) === true;
  }
}

interface Outgoing {
  readonly status: number;
  readonly type: string;
  /** Undefined if it is not validated. */
  readonly body: Buffer | undefined;
}

/** Returns the first problem of a response; undefined if it is valid. */
function problemOf(operation: OperationDefinition, method: string, outgoing: Outgoing): string | undefined {
  const { status, type, body } = outgoing;
  if (status === 302 && operation.redirects === true) return undefined;
  if (!isSuccess(operation, status))
    return body === undefined ? `status ${status} with ${type}` : errorProblem(operation, status, body);
  if (isRaw(operation, type)) return undefined;
  const { response } = operation;
  if (type !== 'application/json' || response === undefined) return `${type || 'no media type'} is not declared`;
  // A HEAD response has no body.
  if (body === undefined || method === 'HEAD') return undefined;
  const issue = response.safeParse(parsed(body)).error?.issues[0];
  return issue === undefined ? undefined : `${issue.path.join('.')}: ${issue.message}`;
}

function isSuccess({ hasRanges }: OperationDefinition, status: number): boolean {
  return status === 200 || (status === 206 && hasRanges === true);
}

function isRaw({ events, rawResponse }: OperationDefinition, type: string): boolean {
  return (type === 'text/event-stream' && events !== undefined) || rawResponse?.includes(type) === true;
}

function errorProblem({ errors }: OperationDefinition, status: number, body: Buffer): string | undefined {
  const result = errorResponse.safeParse(parsed(body));
  if (!result.success) return `status ${status} without an error envelope`;
  const { code } = result.data.error;
  if (publicErrors[code].status !== status) return `${code} with status ${status}`;
  // An unknown path may match the route of the operation.
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
