import { AppError } from '@xerotier/errors';
import { printable } from '../access/check-access.ts';
import { isStoredId } from '../files/files-outages.ts';

/** @throws {AppError} `batch.not_found` for what cannot be the id of a batch. */
export function asBatchId(id: string): string {
  if (!isStoredId(id)) throw new AppError('batch.not_found', { batch: printable(id) });
  return id;
}
