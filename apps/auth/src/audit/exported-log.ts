/** Verifies an exported audit log, without the database and without the master key. */
import { auditEventRecord, auditHeadRecord } from '@xerotier/contracts/auth';
import { z } from 'zod';
import type { AuditVerification } from './audit-log.service.ts';
import { ChainVerifier } from './chain-verifier.ts';
import { isSignedWith } from './head-signer.ts';

const line = z.union([z.strictObject({ event: auditEventRecord }), z.strictObject({ head: auditHeadRecord })]);

/**
 * @param lines of the export: JSON objects with `event`, and one with `head` at the end.
 * @param publicKey in PEM, from a trusted source.
 */
export async function verifyExport(lines: AsyncIterable<string>, publicKey: string): Promise<AuditVerification> {
  let verifier: ChainVerifier | undefined;
  let number = 0;
  for await (const text of lines) {
    number += 1;
    const parsed = parsedLine(text);
    const events = verifier?.sequence ?? 0;
    if (parsed === undefined)
      return { projectId: '', events, problem: { sequence: 0, reason: `line ${number} is not an event or a head` } };
    const { projectId } = 'event' in parsed ? parsed.event : parsed.head;
    verifier ??= new ChainVerifier(projectId);
    const problem =
      'event' in parsed
        ? verifier.next(parsed.event)
        : verifier.end(parsed.head, ({ hash, signature, ...head }) =>
            isSignedWith(publicKey, { ...head, hash: Buffer.from(hash, 'hex') }, Buffer.from(signature, 'base64')),
          );
    const result = { projectId, events: verifier.sequence, ...(problem !== undefined && { problem }) };
    // The head is the last line.
    if (problem !== undefined || 'head' in parsed) return result;
  }
  const problem = { sequence: 0, reason: 'the head is missing' };
  return { projectId: '', events: verifier?.sequence ?? 0, ...(number > 0 && { problem }) };
}

function parsedLine(text: string): z.output<typeof line> | undefined {
  try {
    return line.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
