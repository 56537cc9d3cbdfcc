import { AppError } from '@xerotier/errors';

/** The error of an archive that is rejected. @param reason a part of a sentence, for its owner: "it contains a link". */
export function invalidArchive(reason: string, options: { readonly cause?: unknown } = {}): AppError {
  return new AppError('model.invalid_archive', { reason }, options);
}
