import { AppError } from '@xerotier/errors';

/** Makes outages of the files service, and of what it needs, `files.unavailable`; other errors are rethrown. */
export async function withOutages<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const rejection = AppError.from(error);
    if (rejection.status !== 503 || rejection.code === 'file.too_many_transfers') throw rejection;
    throw new AppError('files.unavailable', {}, { cause: rejection });
  }
}

const ID_LENGTH_MAX = 256;

/** Whether a text of a client can be looked up. */
export function isStoredId(id: string): boolean {
  return id !== '' && id.length <= ID_LENGTH_MAX && !id.includes('\0') && id.isWellFormed();
}
