import { AppError } from '@xerotier/errors';

const LENGTH_MAX = 512;
/** Control characters, and those that turn the direction of text. */
const FORBIDDEN = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/**
 * Returns the name of a file as it is stored: NFC, as clients compare names, and without a path.
 * @param param the field that has it, for errors.
 * @throws {AppError} `request.invalid`.
 */
export function filenameOf(sent: string, param: string): string {
  const name = (sent.normalize('NFC').split(/[/\\]/).at(-1) ?? '').trim();
  if (name === '' || name === '.' || name === '..') throw invalid(param, 'the file has no name');
  if (name.length > LENGTH_MAX) throw invalid(param, `the name is longer than ${LENGTH_MAX} characters`);
  if (FORBIDDEN.test(name) || !name.isWellFormed()) throw invalid(param, 'the name contains control characters');
  return name;
}

function invalid(param: string, reason: string): AppError {
  return new AppError('request.invalid', { reason: `Invalid value for '${param}': ${reason}.` }, { param });
}
