/**
 * Definitions of message contracts. A contract is a value that both sides import: the subject and the schemas of the input and
 * the output. Types derive from it, so a caller cannot send what a server does not read, and `bus.serve` does not compile
 * (and does not start) while a handler is missing.
 *
 * This module does not depend on NATS: `@xerotier/nats` is the transport.
 */
import type { z } from 'zod';
import type { ErrorCode } from './errors.ts';

/** The `{names}` in a template such as `infer.v1.{model}`. */
export type TemplateNames<S extends string> = S extends `${string}{${infer Name}}${infer Rest}`
  ? Name | TemplateNames<Rest>
  : never;

/** The values that fill a template: one string for each `{name}`. */
export type TemplateValues<S extends string> = Record<TemplateNames<S>, string>;

/** One request, one response. */
export interface RequestSpec<S extends string, I extends z.ZodType, O extends z.ZodType, Code extends ErrorCode> {
  readonly subject: S;
  readonly input: I;
  readonly output: O;
  /** Timeout of the caller, unless its own deadline is earlier. */
  readonly timeoutMs: number;
  /**
   * The errors that a handler may throw and a caller must expect, in addition to those of the transport (`bus.*`) and
   * `internal`, which replaces an error that is not listed.
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
 * One request, and a response that consists of a head, any number of opaque data frames in order, and one end. The comments of
 * the contract describe the content of a data frame. The bus neither parses nor copies it, which keeps the cost per token low.
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
  /** As in {@link RequestSpec}. */
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

/** Something that happened. With `stream`, JetStream keeps it until its consumers have handled it. */
export interface EventSpec<S extends string, D extends z.ZodType> {
  readonly subject: S;
  readonly data: D;
  /** Name of the JetStream stream that stores it. Default: it is not stored. */
  readonly stream?: string;
  /** Maximum size of the stream; its oldest events are discarded first. Default 256 MiB. The NATS server reserves it. */
  readonly streamBytesMax?: number;
  /** Age after which the stream discards events; 0 for never. Default 14 days. */
  readonly streamAgeMaxDays?: number;
  /** A stream of an earlier release that stored it: its subject is taken over, and a consumer drains and deletes it. */
  readonly replacesStream?: string;
}

export interface EventContract<S extends string = string, D extends z.ZodType = z.ZodType> extends EventSpec<S, D> {
  readonly kind: 'event';
}

export type Contract = RequestContract | StreamContract | EventContract;

/** The operations of one service, by name. */
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
  for (const [key, operation] of Object.entries(operations)) operationNames.set(operation, `${name}.${key}`);
  return { name, operations };
}

const operationNames = new WeakMap<RequestContract | StreamContract, string>();

/** `auth.authorize`: service and operation. Of one that belongs to no service, its subject without values. */
export function operationNameOf(operation: RequestContract | StreamContract): string {
  return operationNames.get(operation) ?? operation.subject;
}

const SUBJECT_TOKEN = /^[A-Za-z0-9_-]+$/;
/** Parsed templates: text and names alternately. */
const templates = new Map<string, string[]>();

/**
 * Returns the subject with its `{names}` filled in.
 * @throws {RangeError} if a value is missing or is not one subject token (a dot or wildcard would address other subjects).
 */
export function subjectOf<S extends string>(contract: { readonly subject: S }, values: TemplateValues<S>): string {
  const template = partsOf(contract.subject);
  let subject = template[0] ?? '';
  for (let i = 1; i < template.length; i += 2) {
    const name = template[i] ?? '';
    const value = (values as Record<string, string | undefined>)[name];
    if (value === undefined || !SUBJECT_TOKEN.test(value)) {
      throw new RangeError(`subject ${contract.subject}: {${name}} must be one token of letters, digits, _ or -`);
    }
    subject += value + (template[i + 1] ?? '');
  }
  return subject;
}

function partsOf(subject: string): string[] {
  const cached = templates.get(subject);
  if (cached !== undefined) return cached;
  const parts = subject.split(/\{(\w+)\}/);
  templates.set(subject, parts);
  return parts;
}

/** Returns the subject with `*` for each `{name}`, to subscribe to all of them. */
export function wildcardOf(contract: { readonly subject: string }): string {
  return contract.subject.replace(/\{\w+\}/g, '*');
}
