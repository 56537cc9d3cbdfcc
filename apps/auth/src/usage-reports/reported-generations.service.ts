import { Inject, Injectable } from '@nestjs/common';
import type { AccountingContext, ReportedGeneration } from '@xerotier/contracts/inference';
import { isRejectedData } from '@xerotier/db';
import type { Logger } from '@xerotier/log';
import { CONFIG, LOGGER } from '@xerotier/service-host';
import { decodeFacts, openAccount } from '@xerotier/usage-accounting';
import type { AuthConfig } from '../config.ts';
import { metrics } from '../metrics.ts';
import { ReportedGenerationsRepository } from './reported-generations.repository.ts';
import type { OpenedGeneration } from './reported-generations.repository.ts';
import type { UsageReportRow } from './usage-report.entity.ts';

/** As of the ledger. */
const STATEMENT_GENERATIONS_MAX = 1_000;

/** A generation, and the report that it is from. */
export interface GenerationOfReport {
  readonly generation: ReportedGeneration;
  readonly report: Pick<UsageReportRow, 'workerId' | 'content' | 'receivedAt'>;
}

@Injectable()
export class ReportedGenerationsService {
  readonly #keys: readonly Uint8Array[];

  constructor(
    private readonly repository: ReportedGenerationsRepository,
    @Inject(CONFIG) { usage: { sealKey, previousSealKey } }: Pick<AuthConfig, 'usage'>,
    @Inject(LOGGER) private readonly log: Logger,
  ) {
    this.#keys = previousSealKey === undefined ? [sealKey] : [sealKey, previousSealKey];
  }

  /**
   * Stores generations, to be compared with the ledger one request at a time; existing ones are not changed. A generation whose
   * account was not sealed by a gateway for that time, or that the database rejects, is logged and dropped.
   * @throws {Error} whatever else fails: some of them may be stored.
   */
  async store(generations: readonly GenerationOfReport[]): Promise<void> {
    const opened = generations.map((one) => this.open(one)).filter((one) => one !== undefined);
    for (let at = 0; at < opened.length; at += STATEMENT_GENERATIONS_MAX)
      await this.#storeTogether(opened.slice(at, at + STATEMENT_GENERATIONS_MAX));
  }

  /** Returns undefined, and logs it, if its account cannot be decrypted, or if its request cannot have it. */
  open({ generation, report }: GenerationOfReport): OpenedGeneration | undefined {
    const { choiceIndex, attempt, usage = null, outcome, callerLost, begun, endedAt } = generation;
    const { workerId, receivedAt } = report;
    try {
      const context = this.#contextOf(generation, report.content.accounts);
      return { context, workerId, choiceIndex, attempt, usage, outcome, callerLost, begun, endedAt, receivedAt };
    } catch (error) {
      metrics.reportedGenerations.inc({ outcome: 'invalid' });
      this.log.warn('invalid reported generation dropped', { workerId, generation, error });
      return undefined;
    }
  }

  #contextOf(generation: ReportedGeneration, accounts: readonly string[]): AccountingContext {
    const facts = decodeFacts(generation.facts);
    if (facts === undefined) throw new TypeError('The facts of the request are invalid');
    if (generation.choiceIndex >= facts.choices) throw new RangeError(`The request has ${facts.choices} choices`);
    const opened = openAccount(this.#keys, accounts[generation.account] as string, facts.startedAt);
    return { ...opened, requestId: generation.requestId, ...facts };
  }

  async #storeTogether(generations: readonly OpenedGeneration[]): Promise<void> {
    try {
      await this.repository.append(generations);
    } catch (error) {
      if (!isRejectedData(error)) throw error;
      for (const generation of generations) await this.#storeAlone(generation);
    }
  }

  async #storeAlone(generation: OpenedGeneration): Promise<void> {
    try {
      await this.repository.append([generation]);
    } catch (error) {
      if (!isRejectedData(error)) throw error;
      metrics.reportedGenerations.inc({ outcome: 'dropped' });
      this.log.error('reported generation dropped', { generation, error });
    }
  }
}
