/** What the rest of the platform knows of a rejection. */
import { AppError } from '@xerotier/errors';
import { ModelRejection, shown } from './rejection.ts';

/** Returns `model.invalid_file` or `model.invalid` for a rejection, and every other thrown value as it is. */
export function asAppError(error: unknown): unknown {
  if (!(error instanceof ModelRejection)) return error;
  const { file, message: reason } = error;
  return file === undefined
    ? new AppError('model.invalid', { reason }, { cause: error })
    : new AppError('model.invalid_file', { file: shown(file), reason }, { cause: error });
}
