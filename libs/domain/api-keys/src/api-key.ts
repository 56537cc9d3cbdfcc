/**
 * What an API key looks like: `xero_{project slug}_{43 random characters}{6 characters of checksum}`. The random part
 * holds 256 bits, so a fast hash protects it. The checksum is no secret and protects nothing: it tells typing errors
 * and made-up keys from real ones without a question to the auth service, and finds real ones in leaked text.
 */
import { slug } from '@xerotier/contracts/ids';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { randomBase62, toBase62 } from './base62.ts';

const RANDOM_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
/** A slug holds no underscore, so the parts cannot be mistaken for each other. */
const FORMAT = /^xero_[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?_[0-9A-Za-z]{49}$/;

/**
 * A new key. Only its hash may be stored: show it once.
 * @throws {RangeError} when the slug is none.
 */
export function generateApiKey(projectSlug: string): string {
  if (!slug.safeParse(projectSlug).success) throw new RangeError(`'${projectSlug}' is not the slug of a project`);
  const body = `xero_${projectSlug}_${randomBase62(RANDOM_LENGTH)}`;
  return body + checksumOf(body);
}

/** Whether a text has the format of a key and its checksum fits. It says nothing about whether the key exists. */
export function hasValidChecksum(key: string): boolean {
  return FORMAT.test(key) && checksumOf(key.slice(0, -CHECKSUM_LENGTH)) === key.slice(-CHECKSUM_LENGTH);
}

/** Whether a key carries the slug of this project. */
export function isKeyOfProject(key: string, projectSlug: string): boolean {
  return key.startsWith(`xero_${projectSlug}_`);
}

/** SHA-256 of the whole key in hex: what leaves the process that has read the key, instead of the key. */
export function hashApiKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

function checksumOf(body: string): string {
  return toBase62(crc32(body), CHECKSUM_LENGTH);
}
