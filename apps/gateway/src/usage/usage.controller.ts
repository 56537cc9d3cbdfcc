/** The usage of a project: `/v1/usage`, and `/v1/exports/usage.csv`. */
import { Controller, Res } from '@nestjs/common';
import type { QueryOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import {
  exportUsage,
  getUsageTotals,
  listUsageByDay,
  listUsageByEndpoint,
  listUsageByEndUser,
  listUsageByKey,
  listUsageByModel,
  listUsageEvents,
} from '@xerotier/public-api/usage';
import type { FastifyReply } from 'fastify';
import type { ProjectAccess } from '../access/project-access.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationQuery, RequestProject } from '../operations/operation-params.ts';
import { publicSumsOf } from './public-usage.ts';
import { usageCsv } from './usage-csv.ts';
import { UsageService } from './usage.service.ts';

@Controller()
export class UsageController {
  constructor(private readonly usage: UsageService) {}

  @Operation(getUsageTotals)
  async totals(
    @RequestProject() { project }: ProjectAccess,
    @OperationQuery() query: QueryOf<typeof getUsageTotals>,
  ): Promise<ResponseOf<typeof getUsageTotals>> {
    const { range, sums } = await this.usage.totals(project.id, query);
    return { object: 'usage.totals', ...range, currency: 'usd', ...publicSumsOf(sums) };
  }

  @Operation(listUsageByDay)
  async daily(
    @RequestProject() { project }: ProjectAccess,
    @OperationQuery() query: QueryOf<typeof listUsageByDay>,
  ): Promise<ResponseOf<typeof listUsageByDay>> {
    const { data, hasMore } = await this.usage.days(project.id, query);
    const days = data.map(({ day, ...sums }) => ({ id: day, object: 'usage.day' as const, ...publicSumsOf(sums) }));
    return pageOf(days, hasMore);
  }

  @Operation(listUsageByKey)
  byKey(
    @RequestProject() { project }: ProjectAccess,
    @OperationQuery() query: QueryOf<typeof listUsageByKey>,
  ): Promise<ResponseOf<typeof listUsageByKey>> {
    return this.usage.groups(project.id, 'key', query);
  }

  @Operation(listUsageByEndpoint)
  byEndpoint(
    @RequestProject() { project }: ProjectAccess,
    @OperationQuery() query: QueryOf<typeof listUsageByEndpoint>,
  ): Promise<ResponseOf<typeof listUsageByEndpoint>> {
    return this.usage.groups(project.id, 'endpoint', query);
  }

  @Operation(listUsageByModel)
  byModel(
    @RequestProject() { project }: ProjectAccess,
    @OperationQuery() query: QueryOf<typeof listUsageByModel>,
  ): Promise<ResponseOf<typeof listUsageByModel>> {
    return this.usage.groups(project.id, 'model', query);
  }

  @Operation(listUsageByEndUser)
  byEndUser(
    @RequestProject() { project }: ProjectAccess,
    @OperationQuery() query: QueryOf<typeof listUsageByEndUser>,
  ): Promise<ResponseOf<typeof listUsageByEndUser>> {
    return this.usage.groups(project.id, 'end_user', query);
  }

  @Operation(listUsageEvents)
  events(
    @RequestProject() { project }: ProjectAccess,
    @OperationQuery() query: QueryOf<typeof listUsageEvents>,
  ): Promise<ResponseOf<typeof listUsageEvents>> {
    return this.usage.events(project.id, query);
  }

  @Operation(exportUsage)
  async export(
    @RequestProject() { project }: ProjectAccess,
    @OperationQuery() query: QueryOf<typeof exportUsage>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { range, rows } = await this.usage.allEvents(project.id, query);
    const file = `usage-${range.start}-${range.end}.csv`;
    const headers = { 'content-disposition': `attachment; filename="${file}"`, 'x-content-type-options': 'nosniff' };
    await reply.headers(headers).type('text/csv; charset=utf-8').send(usageCsv(rows));
  }
}
