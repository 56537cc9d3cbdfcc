import { Injectable } from '@nestjs/common';
import type { PublicResponse } from '@xerotier/public-api/responses';
import { ResponseRunsRepository } from './response-runs.repository.ts';
import type { Response } from './response.entity.ts';

/** What is expected comes from as long ago. */
const RECENT_MS = 5 * 60_000;

/** The responses that wait to be run. */
@Injectable()
export class ResponseQueue {
  constructor(private readonly runs: ResponseRunsRepository) {}

  /**
   * Returns the place of a response that waits. Those before it should start as fast as others have ended in the last five minutes.
   * @throws {AppError} `db.unavailable`.
   */
  async placeOf({ createdAt }: Pick<Response, 'createdAt'>): Promise<NonNullable<PublicResponse['x_queue']>> {
    const { before, ended } = await this.runs.countAround(createdAt, RECENT_MS);
    const now = Date.now();
    return {
      queued_seconds: Math.max(0, Math.floor((now - createdAt.getTime()) / 1_000)),
      position: before,
      expected_start_at: ended === 0 ? null : Math.ceil((now + (before * RECENT_MS) / ended) / 1_000),
    };
  }
}
