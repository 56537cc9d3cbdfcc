import { Injectable } from '@nestjs/common';
import { DataKeysService } from '@xerotier/data-keys';
import { AppError, ensure } from '@xerotier/errors';
import type { EntityManager } from 'typeorm';
import { addProjectEvent } from '../project-events.ts';
import { ItemsService } from '../items/items.service.ts';
import { earlierOutputOf } from '../turns/earlier-output.ts';
import { ResponseEvents } from '../turns/response-events.ts';
import { failureOf, keptOutput, responseObject } from '../turns/response-object.ts';
import type { Outcome, RequestedFields } from '../turns/response-object.ts';
import { sealEvents } from './event-log.ts';
import { eventsIn } from './event-logs.ts';
import { ResponseRunsRepository } from './response-runs.repository.ts';
import type { ResponseClaim } from './response-runs.repository.ts';
import type { Response } from './response.entity.ts';
import { ResponsesRepository } from './responses.repository.ts';
import type { ResponseKey } from './responses.repository.ts';
import { openField, sealField } from './sealed-fields.ts';

/** Responses that wait or run, as others than their process see them. */
@Injectable()
export class UnfinishedResponses {
  constructor(
    private readonly responses: ResponsesRepository,
    private readonly runs: ResponseRunsRepository,
    private readonly items: ItemsService,
    private readonly dataKeys: DataKeysService,
  ) {}

  /** Returns what a response in the background needs to run. @throws {AppError} `db.unavailable`. */
  async openJob<Job>(response: Response): Promise<{ job: Job; requested: RequestedFields }> {
    const key = await this.dataKeys.get(response.projectId);
    return {
      job: openField(key, response, 'job', response.job as Buffer) as Job,
      requested: openField(key, response, 'content', response.content as Buffer),
    };
  }

  /** Ends a response that its process does not run any more. Returns whether it did. @throws {AppError} `outbox.full`, `db.unavailable`. */
  async endInterrupted({ projectId, id, fence }: ResponseClaim, error: AppError): Promise<boolean> {
    return this.responses.transaction(projectId, async (manager) => {
      const response = await this.responses.lock(manager, { projectId, id });
      if (response === null || response.fence !== fence || response.endedAt !== null) return false;
      await this.#endAsWritten(manager, response, failureOf(error));
      return true;
    });
  }

  /**
   * Cancels a response in the background. One that has ended stays as it is.
   * @throws {AppError} `response.not_found`, `response.not_cancellable`, `outbox.full`, `db.unavailable`.
   */
  async cancel(key: ResponseKey): Promise<void> {
    await this.responses.transaction(key.projectId, async (manager) => {
      const response = ensure(await this.responses.lock(manager, key), 'response.not_found', { response: key.id });
      if (!response.background) throw new AppError('response.not_cancellable');
      if (response.endedAt === null)
        await this.#endAsWritten(manager, response, failureOf(new AppError('inference.cancelled')));
    });
  }

  /** Ends a locked response with what its events have of its output. */
  async #endAsWritten(manager: EntityManager, response: Response, outcome: Outcome): Promise<void> {
    const { projectId, id, streamed } = response;
    const { status } = outcome;
    const key = await this.dataKeys.get(projectId);
    const rows = streamed ? await this.runs.eventsAfter(manager, response, -1) : [];
    const written = rows.flatMap((row) => eventsIn(key, row)).map(({ json }) => json);
    const { events: first, items: begun, closing } = earlierOutputOf(written);
    const output = keptOutput(outcome, begun);
    const ending = {
      status,
      outcome: sealField(key, response, 'outcome', outcome),
      endedAt: new Date(outcome.endedAt),
      bytes: Buffer.byteLength(JSON.stringify(output)),
    };
    const inputCount = (await this.responses.itemIds(manager, response)).length;
    const { rows: itemRows, items } = await this.items.prepare(projectId, output);
    const ids = items.map((item) => item.id);
    await this.responses.end(manager, response, ending, {
      ...{ rows: itemRows, ids, first: inputCount, outputFrom: inputCount },
    });
    if (streamed) {
      const requested = openField(key, response, 'content', response.content as Buffer);
      const added: string[] = [];
      const events = new ResponseEvents({ first, visible: (item) => item, write: (json) => added.push(json) });
      if (written.length === 0) events.response('created', responseObject(requested, 'in_progress', [], undefined));
      for (const event of closing) events.turn(event);
      added.push(events.ending('failed', responseObject(requested, status, output, outcome)));
      const content = sealEvents(key, response, first, added);
      await this.runs.insertEvents(manager, response, { first, last: first + added.length - 1, content });
    }
    await addProjectEvent(manager, `response.${status}`, projectId, id);
  }
}
