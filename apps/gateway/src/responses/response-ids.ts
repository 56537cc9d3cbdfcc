import { AppError } from '@xerotier/errors';
import { printable } from '../access/check-access.ts';
import { isStoredId } from '../files/files-outages.ts';

/** @throws {AppError} `response.not_found` for what cannot be the id of a response. */
export function asResponseId(id: string): string {
  if (!isStoredId(id)) throw new AppError('response.not_found', { response: printable(id) });
  return id;
}
