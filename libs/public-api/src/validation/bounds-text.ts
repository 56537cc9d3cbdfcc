/** Texts for violated bounds: the limit, the unit, and the actual number. */
import type { z } from 'zod';

type BoundIssue = z.core.$ZodIssueTooBig | z.core.$ZodIssueTooSmall;

/** `expected at least 1 message`, `expected at most 256 characters, but got 300`, `expected a number of at most 2, but got 3`. */
export function boundsText(issue: BoundIssue, field: PropertyKey | undefined, input: unknown): string {
  const isLow = issue.code === 'too_small';
  const bound = Number(isLow ? issue.minimum : issue.maximum);
  const limit = issue.exact === true ? 'exactly' : limitWords(isLow, issue.inclusive !== false);
  if (issue.origin === 'number' || issue.origin === 'int' || issue.origin === 'bigint') {
    const noun = issue.origin === 'number' ? 'a number' : 'an integer';
    return `expected ${noun} ${limit === 'exactly' ? 'equal to' : `of ${limit}`} ${bound}${gotText(input)}`;
  }
  const noun = countedNoun(issue.origin, field);
  return `expected ${limit} ${bound} ${bound === 1 ? noun : `${noun}s`}${gotText(lengthOf(input))}`;
}

function limitWords(isLow: boolean, isInclusive: boolean): string {
  if (isInclusive) return isLow ? 'at least' : 'at most';
  return isLow ? 'more than' : 'less than';
}

/** Returns the singular of the field name if it is a plural: `message` for `messages`. */
function countedNoun(origin: string, field: PropertyKey | undefined): string {
  if (origin === 'string') return 'character';
  if (origin === 'object' || origin === 'record' || origin === 'map') return 'field';
  const name = typeof field === 'string' ? field : '';
  return /^[a-z]+[a-rt-z]s$/.test(name) && !name.endsWith('ies') ? name.slice(0, -1) : 'item';
}

function lengthOf(input: unknown): number | undefined {
  if (typeof input === 'string' || Array.isArray(input)) return input.length;
  return undefined;
}

function gotText(value: unknown): string {
  return typeof value === 'number' || typeof value === 'bigint' ? `, but got ${value}` : '';
}
