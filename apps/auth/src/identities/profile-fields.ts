import { z } from 'zod';

const NAME_LENGTH_MAX = 256;
const address = z.email().max(254);

/** Returns an address in the form that accounts have; null for what cannot be the address of an account. */
export function accountEmailOf(email: unknown): string | null {
  const result = address.safeParse(email);
  return result.success ? result.data.toLowerCase() : null;
}

/** Returns the first candidate that is a name, without control characters, and at most 256 characters of it. */
export function accountNameOf(...candidates: readonly unknown[]): string {
  const names = candidates
    .filter((name) => typeof name === 'string')
    .map((name) =>
      name
        .toWellFormed()
        .replaceAll(/\p{Cc}+/gu, ' ')
        .trim()
        .slice(0, NAME_LENGTH_MAX)
        .toWellFormed(),
    );
  return names.find((name) => name !== '') ?? 'User';
}
