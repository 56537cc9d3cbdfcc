import { Injectable } from '@nestjs/common';
import { InferenceClient } from '@xerotier/inference';
import type { OnDrain } from '@xerotier/service-host';

/** Waits for running inference while the service drains, and ends it when the grace period is over. */
@Injectable()
export class InferenceDrain implements OnDrain {
  constructor(private readonly inference: InferenceClient) {}

  onDrain(signal: AbortSignal): Promise<void> {
    return this.inference.drain(signal);
  }
}
