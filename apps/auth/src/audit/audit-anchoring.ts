import { Inject, Injectable } from '@nestjs/common';
import { auditAnchored } from '@xerotier/contracts/auth';
import type { AuditAnchor } from '@xerotier/contracts/auth';
import type { Logger } from '@xerotier/log';
import { ensureStream, lastEvents, publishEvent } from '@xerotier/nats';
import type { BusConnection } from '@xerotier/nats';
import { BUS_CONNECTION, CONFIG, LOGGER, PeriodicTask } from '@xerotier/service-host';
import type { AuthConfig } from '../config.ts';
import { metrics } from '../metrics.ts';
import type { AuditHead } from './audit-head.entity.ts';
import { AuditAnchorsService } from './audit-anchors.service.ts';

/**
 * While the service runs: compares the audit logs with their anchors, which it reads from the stream at its start, and publishes heads
 * that are newer. The anchor of a log that differs stays as it is, as evidence.
 */
@Injectable()
export class AuditAnchoring extends PeriodicTask {
  /** By the id of the log. */
  #anchors: Map<string, AuditAnchor> | undefined;
  /** Logs whose problem is in the log of the service. */
  readonly #reported = new Set<string>();

  constructor(
    @Inject(BUS_CONNECTION) private readonly connection: BusConnection,
    private readonly anchors: AuditAnchorsService,
    @Inject(CONFIG) { audit: { anchorSeconds } }: Pick<AuthConfig, 'audit'>,
    @Inject(LOGGER) private readonly log: Logger,
  ) {
    const failure = 'audit logs not compared with their anchors, retrying';
    super({ intervalMs: anchorSeconds * 1_000, startsAtOnce: true, failure, log });
  }

  protected override async run(): Promise<void> {
    this.#anchors ??= await this.#load();
    const { problems, unanchored } = await this.anchors.compare(this.#anchors);
    for (const { projectId, sequence, reason } of problems) {
      metrics.auditAnchors.inc({ outcome: 'different' });
      if (this.#reported.has(projectId)) continue;
      this.#reported.add(projectId);
      this.log.error('an audit log differs from its anchor', { projectId, sequence, reason });
    }
    for (const head of unanchored) await this.#publish(this.#anchors, head);
  }

  async #load(): Promise<Map<string, AuditAnchor>> {
    await ensureStream(this.connection, auditAnchored);
    const events = await lastEvents(this.connection, auditAnchored);
    return new Map(events.map((anchor) => [anchor.projectId, anchor]));
  }

  async #publish(anchors: Map<string, AuditAnchor>, head: AuditHead): Promise<void> {
    const { projectId, sequence } = head;
    const [hash, signature] = [head.hash.toString('hex'), head.signature.toString('base64')];
    const anchor: AuditAnchor = { projectId, sequence, hash, signature, anchoredAt: Date.now() };
    const options = { id: `${projectId} ${sequence} ${signature}`, values: { log: projectId } };
    await publishEvent(this.connection, auditAnchored, anchor, options);
    anchors.set(projectId, anchor);
    metrics.auditAnchors.inc({ outcome: 'published' });
  }
}
