/** What workers have reported on the bus: what their engines have computed, independent of gateway and auth. */
import { usageOfChoices, usageReport, usageReported } from '@xerotier/contracts/inference';
import type { TokenUsage, UsageReport } from '@xerotier/contracts/inference';
import { silentLog } from '@xerotier/log/testing';
import { connectBus } from '@xerotier/nats';
import type { BusConnection } from '@xerotier/nats';

export class UsageReportWatch {
  readonly #connection: BusConnection;
  readonly #reports: UsageReport[] = [];

  private constructor(connection: BusConnection) {
    this.#connection = connection;
    connection.nats.subscribe(usageReported.subject, {
      callback: (_, message) => void this.#reports.push(...usageReport.array().parse(message.json())),
    });
  }

  static async connect(natsUrl: string): Promise<UsageReportWatch> {
    const connection = await connectBus({ url: natsUrl, name: 'e2e-usage', log: silentLog() });
    const watch = new UsageReportWatch(connection);
    await connection.nats.flush();
    return watch;
  }

  get requestIds(): string[] {
    return [...new Set(this.#reports.map(({ requestId }) => requestId))];
  }

  /** The reports of a request. */
  of(requestId: string): UsageReport[] {
    return this.#reports.filter((report) => report.requestId === requestId);
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
