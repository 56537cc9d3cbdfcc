import { withoutBackslashes } from '@xerotier/testing';
import fc from 'fast-check';
import { GENESIS, hashOf } from './audit-record.ts';
import type { AuditRecord, JsonObject } from './audit-record.ts';

const record: AuditRecord = {
  id: 'audit_1',
  projectId: 'proj_ABCDEF',
  sequence: 1,
  createdAt: new Date('2026-11-29T12:00:00.123Z'),
  action: 'api_key.created',
  actor: { kind: 'api_key', id: 'key_1' },
  clientAddress: '203.0.113.7',
  requestId: 'req_1',
  target: { type: 'api_key', id: 'key_2' },
  before: null,
  after: { name: 'production', scopes: ['inference'] },
};

describe('hashOf', () => {
  it.each<[string, Partial<AuditRecord>]>([
    ['id', { id: 'audit_2' }],
    ['project', { projectId: 'proj_ABCDEG' }],
    ['sequence', { sequence: 2 }],
    ['time', { createdAt: new Date('2026-11-29T12:00:00.124Z') }],
    ['action', { action: 'api_key.revoked' }],
    ['kind of actor', { actor: { kind: 'user', id: 'key_1' } }],
    ['actor', { actor: { kind: 'api_key', id: 'key_3' } }],
    ['address', { clientAddress: '203.0.113.8' }],
    ['request', { requestId: 'req_2' }],
    ['target', { target: { type: 'api_key', id: 'key_3' } }],
    ['state before', { before: {} }],
    ['state after', { after: { name: 'production', scopes: ['inference', 'management'] } }],
  ])('depends on the %s', (_, changed) => {
    expect(hashOf({ ...record, ...changed }, GENESIS)).not.toEqual(hashOf(record, GENESIS));
  });

  it('depends on the previous hash', () => {
    expect(hashOf(record, hashOf(record, GENESIS))).not.toEqual(hashOf(record, GENESIS));
  });

  it('does not depend on the order of keys, nor on what JSON in a database loses', () => {
    const reversed = (value: unknown): unknown =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(
            Object.entries(value)
              .reverse()
              .map(([key, inner]) => [key, reversed(inner)]),
          )
        : value;
    fc.assert(
      fc.property(withoutBackslashes(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }))), (after) => {
        const stored = JSON.parse(JSON.stringify(reversed(after))) as JsonObject;
        expect(hashOf({ ...record, after: stored }, GENESIS)).toEqual(
          hashOf({ ...record, after: after as JsonObject }, GENESIS),
        );
      }),
    );
  });
});
