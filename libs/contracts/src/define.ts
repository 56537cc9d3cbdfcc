/**
 * How a message contract is written down. A contract is a value that both sides import: the subject, the schema of
 * what is sent, the schema of what comes back. Types derive from it, so a caller cannot send what a server does not
 * read, and `bus.serve` does not compile (and does not start) while a handler is missing.
 *
 * Nothing in here knows NATS: `@xerotier/nats` is what carries these.
 */
import type { z } from 'zod';
import type { ErrorCode } from './errors.ts';

/** The `{names}` in a template such as `infer.v1.{model}`. */
export type TemplateNames<S extends string> = S extends `${string}{${infer Name}}${infer Rest}`
  ? Name | TemplateNames<Rest>
  : never;

/** The values that fill a template: one string for each `{name}`. */
export type TemplateValues<S extends string> = Record<TemplateNames<S>, string>;

/** One question, one answer. */
export interface RequestSpec<S extends string, I extends z.ZodType, O extends z.ZodType, Code extends ErrorCode> {
  readonly subject: S;
  readonly input: I;
  readonly output: O;
  /** How long the caller waits when its own deadline does not end earlier. */
  readonly timeoutMs: number;
  /**
   * The errors that a handler may throw and a caller must expect. Beside them there are those of the transport (`bus.*`) and
   * `internal`, which is what a caller reads of an error that is not listed.
   */
  readonly errors: readonly Code[];
}

export interface RequestContract<
  S extends string = string,
  I extends z.ZodType = z.ZodType,
  O extends z.ZodType = z.ZodType,
  Code extends ErrorCode = ErrorCode,
> extends RequestSpec<S, I, O, Code> {
  readonly kind: 'request';
}

/**
 * One question, answered by a head, any number of opaque data frames in order, and one end. What a data frame holds
 * is said by the contract's prose: the bus neither reads nor copies it, which is what makes a token cheap.
 */
export interface StreamSpec<
  S extends string,
  I extends z.ZodType,
  H extends z.ZodType,
  E extends z.ZodType,
  Code extends ErrorCode,
> {
  readonly subject: S;
  readonly input: I;
  readonly head: H;
  readonly end: E;
  /** As in a request. */
  readonly errors: readonly Code[];
}

export interface StreamContract<
  S extends string = string,
  I extends z.ZodType = z.ZodType,
  H extends z.ZodType = z.ZodType,
  E extends z.ZodType = z.ZodType,
  Code extends ErrorCode = ErrorCode,
> extends StreamSpec<S, I, H, E, Code> {
  readonly kind: 'stream';
}

/** The codes that an operation lists: `ErrorOf<typeof authContract.operations.authorize>`. */
export type ErrorOf<C extends RequestContract | StreamContract> = C['errors'][number];

/** Something that happened. With `stream` it is kept by JetStream until a consumer has acted on it. */
export interface EventSpec<S extends string, D extends z.ZodType> {
  readonly subject: S;
  readonly data: D;
  /** Name of the JetStream stream that keeps it; absent for events that only matter now. */
  readonly stream?: string;
  /** What the stream may hold; beyond that its oldest events go. Default 256 MiB. The NATS server reserves it. */
  readonly streamBytesMax?: number;
  /** A stream of an earlier release that kept it: its subject is taken over, and a consumer drains and deletes it. */
  readonly replacesStream?: string;
}

export interface EventContract<S extends string = string, D extends z.ZodType = z.ZodType> extends EventSpec<S, D> {
  readonly kind: 'event';
}

export type Contract = RequestContract | StreamContract | EventContract;

/** What one service answers: its operations by name. */
export interface ServiceContract<Ops extends Record<string, RequestContract | StreamContract>> {
  /** Also the queue group of its subscribers: one replica takes each message. */
  readonly name: string;
  readonly operations: Ops;
}

export function request<
  const S extends string,
  I extends z.ZodType,
  O extends z.ZodType,
  const Code extends ErrorCode = never,
>(contract: RequestSpec<S, I, O, Code>): RequestContract<S, I, O, Code> {
  return { kind: 'request', ...contract };
}

export function stream<
  const S extends string,
  I extends z.ZodType,
  H extends z.ZodType,
  E extends z.ZodType,
  const Code extends ErrorCode = never,
>(contract: StreamSpec<S, I, H, E, Code>): StreamContract<S, I, H, E, Code> {
  return { kind: 'stream', ...contract };
}

export function event<const S extends string, D extends z.ZodType>(contract: EventSpec<S, D>): EventContract<S, D> {
  return { kind: 'event', ...contract };
}

export function service<Ops extends Record<string, RequestContract | StreamContract>>(
  name: string,
  operations: Ops,
): ServiceContract<Ops> {
  return { name, operations };
}

const SUBJECT_TOKEN = /^[A-Za-z0-9_-]+$/;
/** Templates taken apart: text and names in turn. */
const templates = new Map<string, string[]>();

/**
 * The subject with its `{names}` filled in.
 * @throws {RangeError} when a value is missing or is not one subject token (a dot or wildcard would address others).
 */
export function subjectOf<S extends string>(contract: { readonly subject: S }, values: TemplateValues<S>): string {
  const template = partsOf(contract.subject);
  let subject = template[0] ?? '';
  for (let at = 1; at < template.length; at += 2) {
    const name = template[at] ?? '';
    const value = (values as Record<string, string | undefined>)[name];
    if (value === undefined || !SUBJECT_TOKEN.test(value)) {
      throw new RangeError(`subject ${contract.subject}: {${name}} must be one token of letters, digits, _ or -`);
    }
    subject += value + (template[at + 1] ?? '');
  }
  return subject;
}

function partsOf(subject: string): string[] {
  const known = templates.get(subject);
  if (known !== undefined) return known;
  const parts = subject.split(/\{(\w+)\}/);
  templates.set(subject, parts);
  return parts;
}

/** The subject with `*` for each `{name}`: what a subscriber to all of them listens to. */
export function wildcardOf(contract: { readonly subject: string }): string {
  return contract.subject.replace(/\{\w+\}/g, '*');
}
