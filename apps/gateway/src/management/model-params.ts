import { modelId } from '@xerotier/contracts/ids';
import { AppError } from '@xerotier/errors';
import { printable } from '../access/check-access.ts';

/** @throws {AppError} `model.not_found` for a malformed id. */
export function assertModelId(id: string): string {
  if (!modelId.safeParse(id).success) throw new AppError('model.not_found', { model: printable(id) });
  return id;
}

/** Of a version: its number or id. @throws {AppError} `model.version_not_found` for what is neither. */
export function assertVersionKey(model: string, key: string): string {
  if (!/^[0-9A-Za-z.-]{1,64}$/.test(key))
    throw new AppError('model.version_not_found', { model, version: printable(key) });
  return key;
}
