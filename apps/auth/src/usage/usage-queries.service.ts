import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { usageContract, UsageFilter } from '@xerotier/contracts/auth';
import { withTenant } from '@xerotier/db';
import { ensure } from '@xerotier/errors';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import { ApiKeysRepository } from '../api-keys/api-keys.repository.ts';
import { EndpointsRepository } from '../endpoints/endpoints.repository.ts';
import { UsageQueriesRepository } from './usage-queries.repository.ts';
import type { UsageSelection } from './usage-queries.repository.ts';

type Operations = typeof usageContract.operations;
export type UsageInput<Name extends keyof Operations> = z.output<Operations[Name]['input']>;
export type UsageOutput<Name extends keyof Operations> = z.input<Operations[Name]['output']>;

/** What projects have used. All methods throw `endpoint.not_found` and `api_key.not_found` of the filter, and `db.unavailable`. */
@Injectable()
export class UsageQueriesService {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  totals(filter: UsageInput<'getUsageTotals'>): Promise<UsageOutput<'getUsageTotals'>> {
    return this.#select(filter, (usage, selection) => usage.totals(selection));
  }

  listDays({ after, limit, order, ...filter }: UsageInput<'listUsageDays'>): Promise<UsageOutput<'listUsageDays'>> {
    return this.#select(filter, (usage, selection) => usage.listDays(selection, { after, limit, order }));
  }

  listGroups(input: UsageInput<'listUsageGroups'>): Promise<UsageOutput<'listUsageGroups'>> {
    const { by, after, limit, order, ...filter } = input;
    return this.#select(filter, (usage, selection) => usage.listGroups(selection, by, { after, limit, order }));
  }

  /** @throws {AppError} also `list.unknown_cursor`. */
  listEvents(input: UsageInput<'listUsageEvents'>): Promise<UsageOutput<'listUsageEvents'>> {
    const { after, limit, order, ...filter } = input;
    return this.#select(filter, (usage, selection) => usage.listEvents(selection, { after, limit, order }));
  }

  #select<T>(
    filter: UsageFilter,
    read: (usage: UsageQueriesRepository, selection: UsageSelection) => Promise<T>,
  ): Promise<T> {
    return withTenant(this.database, filter.projectId, async (manager) =>
      read(new UsageQueriesRepository(manager), await selectionOf(manager, filter)),
    );
  }
}

async function selectionOf(manager: EntityManager, filter: UsageFilter): Promise<UsageSelection> {
  const { endpointSlug, ...selection } = filter;
  const { projectId, keyId } = selection;
  if (keyId !== undefined)
    ensure(await new ApiKeysRepository(manager).find(projectId, keyId), 'api_key.not_found', { key: keyId });
  if (endpointSlug === undefined) return selection;
  const endpointId = await new EndpointsRepository(manager).idOf(projectId, endpointSlug);
  return { ...selection, endpointId };
}
