import { AppError } from '@xerotier/errors';
import type { ByteRange } from '@xerotier/object-store';
import { parse } from 'range-parser';

/**
 * Returns the range that a header `Range` requests of this many bytes; undefined for everything. An invalid header and one of
 * several ranges are ignored, as RFC 9110 (14.2) allows.
 * @throws {AppError} `file.range_not_satisfiable`.
 */
export function byteRangeOf(header: string | undefined, bytes: number): ByteRange | undefined {
  if (header === undefined) return undefined;
  const { code, type, ranges } = parse(bytes, header);
  const [range, ...others] = ranges;
  if (type !== 'bytes' || (code & INVALID) !== 0 || others.length > 0) return undefined;
  if (range === undefined && (code & UNSATISFIABLE) !== 0) throw new AppError('file.range_not_satisfiable', { bytes });
  return range && { start: range.start, end: range.end + 1 };
}

/** Bits of the result of `parse`. */
const INVALID = 1;
const UNSATISFIABLE = 2;
