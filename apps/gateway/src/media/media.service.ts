import { Injectable } from '@nestjs/common';
import { estimateMediaTokens, InferenceClient } from '@xerotier/inference';
import type { MediaRequest } from '@xerotier/inference';
import type { FastifyReply } from 'fastify';
import { admitOrReject } from '../rate-limits/admit-or-reject.ts';
import { RateLimitsService } from '../rate-limits/rate-limits.service.ts';
import { trackedContextOf } from '../requests/caller.ts';
import type { Caller } from '../requests/caller.ts';
import { MediaResponse } from './media-response.ts';

@Injectable()
export class MediaService {
  constructor(
    private readonly inference: InferenceClient,
    private readonly limits: RateLimitsService,
  ) {}

  /**
   * Starts the inference; its data and errors are then written to the response.
   * @throws {AppError} `limits.*` before the inference starts.
   */
  async respond(caller: Caller, media: MediaRequest['media'], reply: FastifyReply): Promise<void> {
    const estimate = { promptTokens: estimateMediaTokens(media.fields), completionTokens: 0 };
    const charge = await admitOrReject(this.limits, caller, estimate, reply.raw);
    // From here on the response is written to the socket directly, not by Fastify.
    reply.hijack();
    const sink = new MediaResponse(reply.raw);
    const run = this.inference.media({ ...trackedContextOf(caller, reply.raw, charge), media }, sink);
    sink.attach(run);
    // The client may have disconnected during the rate limit check.
    if (reply.raw.destroyed) run.cancel();
  }
}
