import type { AuditEventRecord } from '@xerotier/contracts/auth';
import fc from 'fast-check';
import { auditRecordOf } from './audit-event-record.ts';
import { GENESIS, hashOf } from './audit-record.ts';
import { ChainVerifier } from './chain-verifier.ts';
import type { AuditProblem, VerifiableHead } from './chain-verifier.ts';
import { verifyExport } from './exported-log.ts';
import { HeadSigner } from './head-signer.ts';

const PROJECT = 'proj_demo';
const signer = new HeadSigner(Buffer.alloc(32, 1));
const isSigned = ({ hash, signature, ...head }: VerifiableHead): boolean =>
  signer.verify({ ...head, hash: Buffer.from(hash, 'hex') }, Buffer.from(signature, 'base64'));

/** A log of this length, with its hashes. */
function logOf(length: number, projectId = PROJECT): AuditEventRecord[] {
  let previous: Buffer = GENESIS;
  return Array.from({ length }, (_, at) => {
    const event = {
      ...{
        id: `audit_${String(at).padStart(24, '0')}`,
        projectId,
        sequence: at + 1,
        createdAt: 1_767_225_600_000 + at,
      },
      ...{ action: 'project.updated', actor: { kind: 'user' as const, id: 'user_1' }, clientAddress: '203.0.113.7' },
      ...{ requestId: `req_${'0'.repeat(32)}`, target: { type: 'project', id: projectId } },
      ...{ before: at === 0 ? null : { name: `Name ${at - 1}` }, after: { name: `Name ${at}` } },
      ...{ previousHash: previous.toString('hex'), hash: '' },
    };
    previous = hashOf(auditRecordOf(event), previous);
    return { ...event, hash: previous.toString('hex') };
  });
}

function headOf(log: readonly AuditEventRecord[], projectId = PROJECT): VerifiableHead | null {
  const last = log.at(-1);
  if (last === undefined) return null;
  const head = { projectId, sequence: last.sequence };
  const signature = signer.sign({ ...head, hash: Buffer.from(last.hash, 'hex') }).toString('base64');
  return { ...head, hash: last.hash, signature };
}

function problemOf(log: readonly AuditEventRecord[], head: VerifiableHead | null): AuditProblem | undefined {
  const verifier = new ChainVerifier(PROJECT);
  for (const event of log) {
    const problem = verifier.next(event);
    if (problem !== undefined) return problem;
  }
  return verifier.end(head, isSigned);
}

/** Computes all hashes again, as an attacker who can write to the database does. */
function rehashed(log: readonly AuditEventRecord[]): AuditEventRecord[] {
  let previous: Buffer = GENESIS;
  return log.map((event, at) => {
    const renumbered = { ...event, sequence: at + 1, previousHash: previous.toString('hex') };
    previous = hashOf(auditRecordOf(renumbered), previous);
    return { ...renumbered, hash: previous.toString('hex') };
  });
}

const length = fc.integer({ min: 3, max: 8 });
type Attack = (log: readonly AuditEventRecord[], at: number) => AuditEventRecord[];
const changed = (event: AuditEventRecord): AuditEventRecord => ({ ...event, after: { name: 'Forged' } });

const attacks: readonly (readonly [string, Attack])[] = [
  ['changed', (log, at) => log.map((event, index) => (index === at ? changed(event) : event))],
  ['removed', (log, at) => log.filter((_, index) => index !== at)],
  ['inserted', (log, at) => log.flatMap((event, index) => (index === at ? [changed(event), event] : [event]))],
  [
    'swapped',
    (log, at) => log.toSpliced(at === 0 ? 0 : at - 1, 2, log[at === 0 ? 1 : at]!, log[at === 0 ? 0 : at - 1]!),
  ],
  ['moved from another project', (log, at) => log.with(at, logOf(log.length, 'proj_other')[at]!)],
  ['cut off', (log, at) => log.slice(0, at)],
];

describe('ChainVerifier', () => {
  it('accepts every log as it was written', () => {
    fc.assert(fc.property(fc.nat(8), (size) => problemOf(logOf(size), headOf(logOf(size))) === undefined));
  });

  it.each(attacks)('detects events that were %s', (_name, attack) => {
    fc.assert(
      fc.property(length, fc.nat(), (size, seed) => {
        const log = logOf(size);
        expect(problemOf(attack(log, seed % size), headOf(log))).toBeDefined();
      }),
    );
  });

  it.each(attacks)('detects events that were %s, with hashes that were computed again', (_name, attack) => {
    fc.assert(
      fc.property(length, fc.nat(), (size, seed) => {
        const log = logOf(size);
        const forged = rehashed(attack(log, seed % size));
        expect(problemOf(forged, headOf(log))).toBeDefined();
      }),
    );
  });

  it('says where a forged event with a valid hash of its own breaks the chain', () => {
    const log = logOf(3);
    const forged = (at: number): AuditEventRecord[] => {
      const event = changed(log[at]!);
      const hash = hashOf(auditRecordOf(event), Buffer.from(event.previousHash, 'hex')).toString('hex');
      return log.with(at, { ...event, hash });
    };
    expect(problemOf(forged(1), headOf(log))).toEqual({
      sequence: 3,
      reason: 'it does not follow the event before it',
    });
    expect(problemOf(forged(2), headOf(log))).toEqual({
      sequence: 0,
      reason: 'the head has another hash than the last event',
    });
  });

  it('says that an event belongs to another project', () => {
    expect(problemOf(logOf(1, 'proj_other'), headOf(logOf(1)))).toEqual({
      sequence: 1,
      reason: 'it belongs to the project proj_other',
    });
  });

  it.each(['action', 'clientAddress', 'requestId', 'createdAt', 'actor', 'target', 'before', 'id'] as const)(
    'covers the field %s',
    (field) => {
      const log = logOf(3);
      const other = {
        ...log[1]!,
        [field]: field === 'createdAt' ? 1 : field === 'before' ? { name: 'x' } : { id: 'x' },
      };
      expect(problemOf(log.with(1, other), headOf(log))).toEqual({
        sequence: 2,
        reason: 'its content does not match its hash',
      });
    },
  );

  it('detects a head that is missing, of another project, or not signed with the key', () => {
    const log = logOf(3);
    const head = headOf(log)!;
    const foreign = new HeadSigner(Buffer.alloc(32, 2));
    const forged = foreign.sign({ ...head, hash: Buffer.from(head.hash, 'hex') }).toString('base64');
    expect(problemOf(log, null)?.reason).toBe('the head is missing');
    expect(problemOf(log, { ...head, signature: forged })?.reason).toBe('the signature of the head is not valid');
    expect(problemOf(log, headOf(log, 'proj_other'))?.reason).toContain('proj_other');
    expect(problemOf([], head)?.reason).toBe('the log ends at 0, but its head is 3');
  });

  it('accepts a head that was signed with the previous master key', () => {
    const rotated = new HeadSigner(Buffer.alloc(32, 3), Buffer.alloc(32, 1));
    const { hash, signature, ...head } = headOf(logOf(2))!;
    const signed = [{ ...head, hash: Buffer.from(hash, 'hex') }, Buffer.from(signature, 'base64')] as const;
    expect(rotated.verify(...signed)).toBe(true);
    expect(new HeadSigner(Buffer.alloc(32, 3)).verify(...signed)).toBe(false);
  });
});

describe('verifyExport', () => {
  async function* linesOf(values: readonly unknown[]): AsyncGenerator<string> {
    for (const value of values) yield typeof value === 'string' ? value : JSON.stringify(value);
  }

  const log = logOf(3);
  const events = log.map((event) => ({ event }));
  const head = { head: { ...headOf(log), publicKey: 'not used' } };
  const verify = (lines: readonly unknown[], key = signer.publicKey): ReturnType<typeof verifyExport> =>
    verifyExport(linesOf(lines), key);

  it('accepts an export as it was made, also of an empty log', async () => {
    await expect(verify([...events, head])).resolves.toEqual({ projectId: PROJECT, events: 3 });
    await expect(verify([])).resolves.toEqual({ projectId: '', events: 0 });
  });

  it.each<[string, readonly unknown[], string]>([
    ['without its head', events, 'the head is missing'],
    ['with an event that is missing', [events[0], events[2], head], 'expected the event 2'],
    ['that ends early', [events[0], head], 'the log ends at 1, but its head is 3'],
    ['with another line', [events[0], 'not JSON', head], 'line 2 is not an event or a head'],
    ['with an unknown field', [{ ...events[0], more: 1 }], 'line 1 is not an event or a head'],
  ])('rejects an export %s', async (_name, lines, reason) => {
    expect((await verify(lines)).problem?.reason).toBe(reason);
  });

  it('believes the key of the caller, not the one in the export', async () => {
    const { publicKey } = new HeadSigner(Buffer.alloc(32, 2));
    const { problem } = await verify([...events, { head: { ...head.head, publicKey: signer.publicKey } }], publicKey);
    expect(problem?.reason).toBe('the signature of the head is not valid');
  });
});
