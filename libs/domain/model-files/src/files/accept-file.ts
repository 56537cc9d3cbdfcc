import { asAppError } from './as-app-error.ts';
import { kindOfFile } from './file-kinds.ts';

/**
 * Checks the name and the size of a file that a model is to have, before its content is there.
 * @throws {AppError} `model.invalid_file`.
 */
export function assertAcceptedFile(file: { readonly name: string; readonly size: number }): void {
  try {
    kindOfFile(file);
  } catch (error) {
    throw asAppError(error);
  }
}
