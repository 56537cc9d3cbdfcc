import { Secret, TOTP } from 'otpauth';

/** What all authenticator apps support (RFC 6238). */
const PARAMETERS = { algorithm: 'SHA1', digits: 6, period: 30 } as const;
/** Codes of the step before and after are valid too, since clocks differ and people type slowly. */
const WINDOW_STEPS = 1;
const SECRET_BYTES = 20;
const ISSUER = 'Xerotier';

/** Returns a new secret, in base32. */
export function newTotpSecret(): string {
  return new Secret({ size: SECRET_BYTES }).base32;
}

/** The URI that authenticator apps read. @param email of the account, as its label. */
export function totpUri(secret: string, email: string): string {
  return new TOTP({ ...PARAMETERS, issuer: ISSUER, label: email, secret }).toString();
}

/**
 * Returns the time step of a code as it was typed; undefined if it is not valid now.
 * @param timestamp in Unix milliseconds.
 */
export function stepOfCode(secret: string, typed: string, timestamp = Date.now()): number | undefined {
  const token = typed.replaceAll(/[\s-]/g, '');
  if (!/^\d{6}$/.test(token)) return undefined;
  // Compares in constant time.
  const delta = TOTP.validate({
    ...PARAMETERS,
    ...{ token, secret: Secret.fromBase32(secret), timestamp, window: WINDOW_STEPS },
  });
  return delta === null ? undefined : TOTP.counter({ period: PARAMETERS.period, timestamp }) + delta;
}
