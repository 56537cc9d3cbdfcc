import { Injectable } from '@nestjs/common';
import { USAGE_EVENTS_MAX, usageContract, usageDay } from '@xerotier/contracts/auth';
import type { UsageEventRecord, UsageFilter, UsageSums } from '@xerotier/contracts/auth';
import { modelId, requestId } from '@xerotier/contracts/ids';
import { routerContract } from '@xerotier/contracts/router';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import type { QueryOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import type { getUsageTotals, listUsageByEndUser, listUsageByKey, listUsageEvents } from '@xerotier/public-api/usage';
import type { z } from 'zod';
import { printable } from '../access/check-access.ts';
import { ModelDirectory } from '../models/model-directory.service.ts';
import { publicSumsOf, publicUsageEventOf } from './public-usage.ts';
import type { PublicUsageEvent } from './public-usage.ts';
import { usageRangeOf } from './usage-range.ts';
import type { UsageRange } from './usage-range.ts';

const { operations } = usageContract;
type Filter = QueryOf<typeof getUsageTotals>;
type PageQuery = QueryOf<typeof listUsageByKey>;
type GroupsPage = ResponseOf<typeof listUsageByKey>;
type Dimension = z.output<typeof operations.listUsageGroups.input>['by'];

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Reads usage from auth, with the names of models from the router. All methods throw `request.invalid` for the range,
 * `endpoint.not_found`, `api_key.not_found`, `list.unknown_cursor`, and unavailability.
 */
@Injectable()
export class UsageService {
  constructor(
    private readonly bus: Bus,
    private readonly models: ModelDirectory,
  ) {}

  async totals(projectId: string, query: Filter): Promise<{ range: UsageRange; sums: UsageSums }> {
    const { filter, range } = await this.filterOf(projectId, query);
    return { range, sums: await this.bus.call(operations.getUsageTotals, filter) };
  }

  async days(
    projectId: string,
    { after, limit, order, ...query }: PageQuery,
  ): Promise<z.output<typeof operations.listUsageDays.output>> {
    assertCursor(after, (text) => usageDay.safeParse(text).success);
    const { filter } = await this.filterOf(projectId, query);
    return this.bus.call(operations.listUsageDays, { ...filter, limit, order, ...(after !== undefined && { after }) });
  }

  async groups(
    projectId: string,
    by: Dimension,
    { after, limit, order, ...query }: PageQuery | QueryOf<typeof listUsageByEndUser>,
  ): Promise<GroupsPage> {
    assertCursor(after, (text) => by !== 'endpoint' || UUID.test(text));
    const { filter } = await this.filterOf(projectId, query);
    const input = { ...filter, by, limit, order, ...(after !== undefined && { after }) };
    const { data, hasMore } = await this.bus.call(operations.listUsageGroups, input);
    const groups = data.map(async ({ id, name, ...sums }) => ({
      ...{ id, object: 'usage.group' as const },
      name: by === 'model' ? ((await this.models.get(id))?.name ?? null) : name,
      ...publicSumsOf(sums),
    }));
    return pageOf(await Promise.all(groups), hasMore);
  }

  async events(
    projectId: string,
    { after, limit, order, ...query }: QueryOf<typeof listUsageEvents>,
  ): Promise<ResponseOf<typeof listUsageEvents>> {
    assertCursor(after, (text) => requestId.safeParse(text).success);
    const { filter } = await this.filterOf(projectId, query);
    const input = { ...filter, limit, order, ...(after !== undefined && { after }) };
    const { data, hasMore } = await this.bus.call(operations.listUsageEvents, input);
    return pageOf(await this.publicEvents(data), hasMore);
  }

  /**
   * All events of the range, the oldest first. The first page is read before it returns, so that the errors of the filter are
   * thrown here; the others are read when they are needed.
   */
  async allEvents(
    projectId: string,
    query: Filter,
  ): Promise<{ range: UsageRange; rows: AsyncGenerator<PublicUsageEvent> }> {
    const { filter, range } = await this.filterOf(projectId, query);
    const input = { ...filter, limit: USAGE_EVENTS_MAX, order: 'asc' } as const;
    const first = await this.bus.call(operations.listUsageEvents, input);
    return { range, rows: this.eventsFrom(first, input) };
  }

  private async *eventsFrom(
    first: z.output<typeof operations.listUsageEvents.output>,
    input: z.input<typeof operations.listUsageEvents.input>,
  ): AsyncGenerator<PublicUsageEvent> {
    for (let page = first; ;) {
      yield* await this.publicEvents(page.data);
      const last = page.data.at(-1);
      if (!page.hasMore || last === undefined) return;
      page = await this.bus.call(operations.listUsageEvents, { ...input, after: last.requestId });
    }
  }

  private publicEvents(events: readonly UsageEventRecord[]): Promise<PublicUsageEvent[]> {
    return Promise.all(
      events.map(async (event) =>
        publicUsageEventOf(event, (await this.models.get(event.modelId))?.name ?? event.modelId),
      ),
    );
  }

  private async filterOf(projectId: string, query: Filter): Promise<{ filter: UsageFilter; range: UsageRange }> {
    const { endpoint, key, model } = query;
    const range = usageRangeOf(query);
    const filter = {
      ...{ projectId, ...range },
      ...(endpoint !== undefined && { endpointSlug: endpoint }),
      ...(key !== undefined && { keyId: key }),
      ...(model !== undefined && { modelIds: await this.modelIdsOf(projectId, model) }),
    };
    return { filter, range };
  }

  /** The models with this name, and the id itself: the model may have left the catalogue. */
  private async modelIdsOf(projectId: string, model: string): Promise<string[]> {
    const { data } = await this.bus.call(routerContract.operations.listModels, {
      ...{ projectId, named: model, limit: 99, order: 'asc' },
    });
    const ids = data.map(({ id }) => id);
    return modelId.safeParse(model).success ? [...new Set([...ids, model])] : ids;
  }
}

function assertCursor(after: string | undefined, isCursor: (text: string) => boolean): void {
  if (after !== undefined && !isCursor(after))
    throw new AppError('list.unknown_cursor', { after: printable(after) }, { param: 'after' });
}
