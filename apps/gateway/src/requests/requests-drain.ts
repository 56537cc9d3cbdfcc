import { Injectable } from '@nestjs/common';
import { InferenceClient } from '@xerotier/inference';
import type { OnDrain } from '@xerotier/service-host';
import { StoredCompletionsService } from '../stored-completions/stored-completions.service.ts';

/** Drains the gateway: running requests first, since their completions may have to be stored. */
@Injectable()
export class RequestsDrain implements OnDrain {
  constructor(
    private readonly inference: InferenceClient,
    private readonly stored: StoredCompletionsService,
  ) {}

  async onDrain(signal: AbortSignal): Promise<void> {
    await this.inference.drain(signal);
    await this.stored.settled(signal);
  }
}
