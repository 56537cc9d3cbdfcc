/** The audit log of a project: `/v1/management/audit-log`, and its export. */
import { Controller, Res } from '@nestjs/common';
import { auditContract, auditEventId } from '@xerotier/contracts/auth';
import type { AuditHeadRecord } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import { exportAuditLog, listAuditEvents } from '@xerotier/public-api/audit-log';
import type { QueryOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import type { FastifyReply } from 'fastify';
import { Readable } from 'node:stream';
import { printable } from '../access/check-access.ts';
import type { ProjectAccess } from '../access/project-access.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationQuery, RequestProject } from '../operations/operation-params.ts';
import { publicAuditEventOf } from './public-audit-event.ts';

const operations = auditContract.operations;
const EXPORT_PAGE_SIZE = 100;

@Controller()
export class AuditLogController {
  constructor(private readonly bus: Bus) {}

  @Operation(listAuditEvents)
  async list(
    @RequestProject() { project }: ProjectAccess,
    @OperationQuery() query: QueryOf<typeof listAuditEvents>,
  ): Promise<ResponseOf<typeof listAuditEvents>> {
    const { after, action, actor_id: actorId, target_id: targetId, ...page } = query;
    if (after !== undefined && !auditEventId.safeParse(after).success)
      throw new AppError('list.unknown_cursor', { after: printable(after) }, { param: 'after' });
    const { data, hasMore } = await this.bus.call(operations.listAuditEvents, {
      ...{ projectId: project.id, ...page },
      ...{ after, action, actorId, targetId },
    });
    return pageOf(data.map(publicAuditEventOf), hasMore);
  }

  @Operation(exportAuditLog)
  async export(@RequestProject() { project }: ProjectAccess, @Res() reply: FastifyReply): Promise<void> {
    const { head } = await this.bus.call(operations.getAuditHead, { projectId: project.id });
    await reply
      .header('content-type', 'application/x-jsonlines')
      .header('content-disposition', `attachment; filename="audit-log-${project.id}.jsonl"`)
      .send(Readable.from(this.#lines(head), { objectMode: false }));
  }

  /** Pages are requested as the client reads; the head is read first, and ends the export. */
  async *#lines(head: AuditHeadRecord | null): AsyncGenerator<string> {
    if (head === null) return;
    const { projectId, sequence } = head;
    let after: string | undefined;
    for (let exported = 0; exported < sequence;) {
      const { data } = await this.bus.call(operations.listAuditEvents, {
        ...{ projectId, after, order: 'asc' },
        limit: Math.min(EXPORT_PAGE_SIZE, sequence - exported),
      });
      yield data.map((event) => `${JSON.stringify({ event })}\n`).join('');
      exported += data.length;
      after = data.at(-1)?.id;
      // Events are missing: the head says so.
      if (after === undefined) break;
    }
    yield `${JSON.stringify({ head })}\n`;
  }
}
