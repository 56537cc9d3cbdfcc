/** What workers have reported on the bus: what their engines have computed, independent of gateway and auth. */
import { usageOfChoices, usageReport, usageReported } from '@xerotier/contracts/inference';
import type { ReportedGeneration, TokenUsage } from '@xerotier/contracts/inference';
import { silentLog } from '@xerotier/log/testing';
import { connectBus } from '@xerotier/nats';
import type { BusConnection } from '@xerotier/nats';

export class UsageReportWatch {
  readonly #connection: BusConnection;
  readonly #generations: ReportedGeneration[] = [];

  private constructor(connection: BusConnection) {
    this.#connection = connection;
    connection.nats.subscribe(usageReported.subject, {
      callback: (_, message) => {
        for (const { generations } of usageReport.array().parse(message.json())) this.#generations.push(...generations);
      },
    });
  }

  static async connect(natsUrl: string): Promise<UsageReportWatch> {
    const connection = await connectBus({ url: natsUrl, name: 'e2e-usage', log: silentLog() });
    const watch = new UsageReportWatch(connection);
    await connection.nats.flush();
    return watch;
  }

  get requestIds(): string[] {
    return [...new Set(this.#generations.map(({ requestId }) => requestId))];
  }

  /** The reported generations of a request. */
  of(requestId: string): ReportedGeneration[] {
    return this.#generations.filter((generation) => generation.requestId === requestId);
  }

  /** What was computed for a request in the last attempt of each choice. */
  usageOf(requestId: string): TokenUsage {
    const attempts = this.of(requestId).toSorted((a, b) => a.attempt - b.attempt);
    const usages = new Map<number, TokenUsage>();
    for (const { choiceIndex, usage } of attempts) if (usage !== undefined) usages.set(choiceIndex, usage);
    return usageOfChoices(usages);
  }

  async close(): Promise<void> {
    await this.#connection.nats.close();
  }
}
