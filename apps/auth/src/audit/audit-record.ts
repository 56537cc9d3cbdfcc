/**
 * The hash chain of a project's audit log. The hash of a record covers its content and the hash of the record before it, so that
 * no record can be changed, removed or inserted without changing all later hashes. Content is hashed as canonical JSON (RFC 8785),
 * which does not depend on how a database orders keys.
 */
import type { Actor } from '@xerotier/contracts/auth';
import canonicalize from 'canonicalize';
import { createHash } from 'node:crypto';

export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };
export type JsonObject = { readonly [name: string]: JsonValue };

/** What is hashed; secrets are never part of it. */
export interface AuditRecord {
  readonly id: string;
  readonly projectId: string;
  /** 1 for the first record of a project, without gaps. */
  readonly sequence: number;
  /** With milliseconds. */
  readonly createdAt: Date;
  /** Such as `api_key.created`. */
  readonly action: string;
  readonly actor: Actor;
  readonly clientAddress: string;
  readonly requestId: string;
  readonly target: { readonly type: string; readonly id: string };
  /** Absent for what was created. */
  readonly before: JsonObject | null;
  /** Absent for what was deleted. */
  readonly after: JsonObject | null;
}

/** Precedes the first record of a project. */
export const GENESIS = Buffer.alloc(32);

const VERSION = 1;

/** SHA-256 over the version of the format, the previous hash and the record. */
export function hashOf(record: AuditRecord, previous: Uint8Array): Buffer {
  const { id, projectId, sequence, action, actor, clientAddress, requestId, target, before, after } = record;
  const content = canonicalize([
    VERSION,
    Buffer.from(previous).toString('hex'),
    { id, projectId, sequence, action, actor, clientAddress, requestId, target, before, after },
    record.createdAt.toISOString(),
  ]);
  if (content === undefined) throw new TypeError('An audit record is not JSON.');
  return createHash('sha256').update(content).digest();
}
