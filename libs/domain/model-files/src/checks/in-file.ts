import type { ModelFile } from '../files/model-file.ts';
import { ModelRejection } from '../files/rejection.ts';

/** Runs a check, whose rejections are about this file. */
export async function inFile<T>(file: ModelFile, check: () => Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    throw error instanceof ModelRejection ? new ModelRejection(error.message, error.file ?? file.name) : error;
  }
}
