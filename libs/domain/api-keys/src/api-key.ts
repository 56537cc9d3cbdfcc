/**
 * The format of an API key: `xero_{project slug}_{43 random characters}{6 characters of checksum}`. The random part has 256
 * bits, so a fast hash is sufficient. The checksum is not a security feature: it detects typos and made-up keys without a call
 * to the auth service, and lets secret scanners recognize real keys in leaked text.
 */
import { slug } from '@xerotier/contracts/ids';
import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { randomBase62, toBase62 } from './base62.ts';

const RANDOM_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
/** A slug contains no underscore, so the parts are unambiguous. */
const FORMAT = /^xero_[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?_[0-9A-Za-z]{49}$/;

/**
 * Creates a key. Store only its hash, and show it once.
 * @throws {RangeError} if the slug is invalid.
 */
export function generateApiKey(projectSlug: string): string {
  if (!slug.safeParse(projectSlug).success) throw new RangeError(`invalid project slug '${projectSlug}'`);
  const body = `xero_${projectSlug}_${randomBase62(RANDOM_LENGTH)}`;
  return body + checksumOf(body);
}

/** Whether a text has the format of a key and a valid checksum. The key may still not exist. */
export function hasValidChecksum(key: string): boolean {
  return FORMAT.test(key) && checksumOf(key.slice(0, -CHECKSUM_LENGTH)) === key.slice(-CHECKSUM_LENGTH);
}

/** Whether a key contains the slug of this project. */
export function isKeyOfProject(key: string, projectSlug: string): boolean {
  return key.startsWith(`xero_${projectSlug}_`);
}

/** Returns the SHA-256 of the whole key in hex, which is sent to other processes instead of the key. */
export function hashApiKey(key: string): string {
  return hash('sha256', key);
}

function checksumOf(body: string): string {
  return toBase62(crc32(body), CHECKSUM_LENGTH);
}
