import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';

/** Runs work that needs a password, a code or a link, and logs its rejection with the client address, to detect guessing. */
export async function logRejected<T>(
  log: Logger,
  operation: string,
  { clientAddress }: { readonly clientAddress: string },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, status } = AppError.from(error);
    if (status < 500) log.info('credentials rejected', { operation, code, clientAddress });
    throw error;
  }
}
