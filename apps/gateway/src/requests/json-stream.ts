/** What the responses service returns as JSON, in data frames that are its parts, since a message is bounded. */
import type { StreamContract } from '@xerotier/contracts/define';
import { AppError } from '@xerotier/errors';
import type { Bus } from '@xerotier/nats';
import type { z } from 'zod';

/** As long as a gateway waits for other changes, and for the transfer of a large body. */
const DEADLINE_MS = 30_000;

/** @returns the value, undefined if there was no data frame. @throws {AppError} of the operation and of the bus. */
export function readJsonStream<C extends StreamContract, T>(
  bus: Bus,
  contract: C,
  input: z.input<C['input']>,
): Promise<{ value: T | undefined; end: z.output<C['end']> }> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    bus.open(
      contract,
      input,
      {
        head: () => undefined,
        // Valid during the call only.
        data: (payload) => parts.push(Buffer.from(payload)),
        end: (end) => {
          const value = parts.length === 0 ? undefined : (JSON.parse(Buffer.concat(parts).toString()) as T);
          resolve({ value, end });
        },
        error: reject,
      },
      { deadlineMs: DEADLINE_MS } as never,
    );
  });
}

type Unavailable = 'conversations.unavailable' | 'responses.unavailable';

/** Makes outages of the responses service, and of what it needs, this error; other errors are rethrown. */
export async function withOutages<T>(code: Unavailable, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asOutage(code, AppError.from(error));
  }
}

/** Returns this error for an outage, and other errors as they are. */
export function asOutage(code: Unavailable, error: AppError): AppError {
  return error.status === 503 ? new AppError(code, {}, { cause: error }) : error;
}
