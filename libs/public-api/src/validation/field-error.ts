/**
 * Converts a zod issue to an error that a client can act on: the field, what was expected, and what was received. The issue of a
 * union says only that no alternative matches; the error is that of the intended alternative: the one whose type or tag the
 * value has.
 */
import type { z } from 'zod';
import { boundsText } from './bounds-text.ts';

export interface FieldError {
  /** Such as `messages[0].content`. */
  readonly param: string;
  readonly reason: string;
}

export function fieldErrorOf(issue: z.core.$ZodIssue): FieldError {
  const { path, input, expected, message, isUnknown = false } = leafOf(issue, []);
  const param = fieldName(path);
  if (isUnknown) return { param, reason: `Unknown parameter: '${param}'.` };
  if (expected === undefined) return { param, reason: `Invalid value for '${param}': ${message}.` };
  if (input === undefined) return { param, reason: `Missing required parameter: '${param}'.` };
  // The type is right, but the value is not one of those expected.
  const isOfType = expected.values.some((value) => typeof value === typeof input);
  const fault = isOfType ? 'value' : 'type';
  return {
    param,
    reason: `Invalid ${fault} for '${param}': expected ${inWords(expected)}, but got ${shown(input, expected)}.`,
  };
}

interface Expected {
  /** Names of types as zod has them. */
  readonly types: readonly string[];
  readonly values: readonly z.core.util.Primitive[];
}

/** One problem of one field: an unexpected type or value, or any other, described by `message`. */
interface Leaf {
  readonly path: readonly PropertyKey[];
  readonly input: unknown;
  readonly expected: Expected | undefined;
  readonly message: string;
  /** There is no such field. */
  readonly isUnknown?: boolean;
}

/** Placeholder for zod's default messages; any other message is specified by the schema and used verbatim. */
export const DEFAULT_MESSAGE = '\0';

function leafOf(issue: z.core.$ZodIssue, before: readonly PropertyKey[]): Leaf {
  const path = [...before, ...issue.path];
  const { input, message } = issue;
  if (message !== DEFAULT_MESSAGE) return { path, input, message, expected: undefined };
  const leaf = { path, input, message: 'does not have the expected format', expected: undefined };
  switch (issue.code) {
    case 'invalid_type':
      return { ...leaf, expected: { types: [issue.expected], values: [] } };
    case 'invalid_value':
      return { ...leaf, expected: { types: [], values: issue.values } };
    case 'invalid_key':
    case 'invalid_element': {
      const [inner] = issue.issues;
      return inner === undefined ? leaf : { ...leafOf(inner, []), path, input };
    }
    case 'invalid_union':
      if ('options' in issue && issue.options !== undefined && issue.discriminator !== undefined) {
        const tag = (input as Record<string, unknown> | undefined)?.[issue.discriminator];
        return { ...leaf, input: tag, expected: { types: [], values: issue.options } };
      }
      return intendedLeaf(
        issue.errors.flatMap(([first]) => (first === undefined ? [] : [leafOf(first, path)])),
        leaf,
      );
    case 'too_small':
    case 'too_big':
      return { ...leaf, message: boundsText(issue, path.at(-1), input) };
    case 'not_multiple_of':
      return { ...leaf, message: `must be a multiple of ${issue.divisor}` };
    case 'unrecognized_keys':
      return { ...leaf, path: [...path, ...issue.keys.slice(0, 1)], isUnknown: true };
    case 'invalid_format':
    case 'custom':
      return leaf;
  }
}

/** @param leaves the first issue of each alternative. @returns the issue of the intended alternative. */
function intendedLeaf(leaves: readonly Leaf[], union: Leaf): Leaf {
  const depth = union.path.length;
  const outside = leaves.filter(({ path }) => path.length === depth);
  const inside = leaves.filter(({ path }) => path.length > depth);
  // The type matches this alternative, but another constraint is violated.
  const ofType = outside.find(({ expected }) => expected === undefined);
  if (ofType !== undefined) return ofType;
  // The tag of an object identifies the alternative.
  const isTag = ({ path, expected }: Leaf): boolean => path.length === depth + 1 && (expected?.values.length ?? 0) > 0;
  const intended = inside.find((leaf) => !isTag(leaf));
  if (intended !== undefined) return intended;
  return merged(inside.length > 0 ? inside : outside) ?? union;
}

/** Merges what is expected at the same path. */
function merged([first, ...others]: readonly Leaf[]): Leaf | undefined {
  if (first === undefined) return undefined;
  const same = [first, ...others.filter(({ path }) => fieldName(path) === fieldName(first.path))];
  return {
    ...first,
    expected: {
      types: [...new Set(same.flatMap(({ expected }) => expected?.types ?? []))],
      values: [...new Set(same.flatMap(({ expected }) => expected?.values ?? []))],
    },
  };
}

const NOUNS: Readonly<Record<string, string>> = {
  array: 'an array',
  int: 'an integer',
  map: 'an object',
  null: 'null',
  object: 'an object',
  record: 'an object',
};

const nounOf = (type: string): string => NOUNS[type] ?? `a ${type}`;

function inWords({ types, values }: Expected): string {
  const all = [...values.map(quoted), ...new Set(types.map(nounOf))];
  const last = all.pop() as string;
  return all.length === 0 ? last : `${all.join(', ')} or ${last}`;
}

function quoted(value: z.core.util.Primitive): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}

/** Only single words are quoted in messages; other texts may be long or confidential. */
const WORD = /^[\w.:-]{1,32}$/;

function shown(input: unknown, { values }: Expected): string {
  return values.length > 0 && typeof input === 'string' && WORD.test(input) ? `'${input}'` : typeOf(input);
}

function typeOf(input: unknown): string {
  if (input === null) return 'null';
  if (Array.isArray(input)) return 'an array';
  if (typeof input === 'number') return Number.isInteger(input) ? 'an integer' : 'a number';
  return nounOf(typeof input);
}

const NAME_LENGTH_MAX = 64;

/** Formats a path. Names are truncated, since they may be arbitrary and as long as the body. */
function fieldName(path: readonly PropertyKey[]): string {
  return path.reduce<string>((name, part) => {
    if (typeof part === 'number') return `${name}[${part}]`;
    const text = String(part).slice(0, NAME_LENGTH_MAX);
    return name === '' ? text : `${name}.${text}`;
  }, '');
}
