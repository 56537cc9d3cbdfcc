/**
 * Verifies an audit log, event by event: a log of any length in constant memory. What it detects: changed, removed, inserted and
 * reordered events by the chain of hashes, and a missing end by the signed head.
 */
import type { AuditEventRecord, AuditHeadRecord } from '@xerotier/contracts/auth';
import { auditRecordOf } from './audit-event-record.ts';
import { GENESIS, hashOf } from './audit-record.ts';

export interface AuditProblem {
  /** Of the event that it was found at; 0 for the head. */
  readonly sequence: number;
  readonly reason: string;
}

export type VerifiableHead = Omit<AuditHeadRecord, 'publicKey'>;

export class ChainVerifier {
  readonly #projectId: string;
  #sequence = 0;
  #hash: string = GENESIS.toString('hex');

  constructor(projectId: string) {
    this.#projectId = projectId;
  }

  /** The number of events that are verified. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Verifies the next event. @returns its problem; later events cannot be verified then. */
  next(event: AuditEventRecord): AuditProblem | undefined {
    const problem = (reason: string): AuditProblem => ({ sequence: event.sequence, reason });
    if (event.projectId !== this.#projectId) return problem(`it belongs to the project ${event.projectId}`);
    if (event.sequence !== this.#sequence + 1) return problem(`expected the event ${this.#sequence + 1}`);
    if (event.previousHash !== this.#hash) return problem('it does not follow the event before it');
    const hash = hashOf(auditRecordOf(event), Buffer.from(event.previousHash, 'hex')).toString('hex');
    if (event.hash !== hash) return problem('its content does not match its hash');
    this.#sequence = event.sequence;
    this.#hash = event.hash;
    return undefined;
  }

  /**
   * Verifies the head, after the last event.
   * @param isSigned whether the signature of the head is valid.
   */
  end(head: VerifiableHead | null, isSigned: (head: VerifiableHead) => boolean): AuditProblem | undefined {
    const problem = (reason: string): AuditProblem => ({ sequence: 0, reason });
    if (head === null) return this.#sequence === 0 ? undefined : problem('the head is missing');
    if (head.projectId !== this.#projectId) return problem(`the head belongs to the project ${head.projectId}`);
    if (!isSigned(head)) return problem('the signature of the head is not valid');
    if (head.sequence !== this.#sequence)
      return problem(`the log ends at ${this.#sequence}, but its head is ${head.sequence}`);
    return head.hash === this.#hash ? undefined : problem('the head has another hash than the last event');
  }
}
