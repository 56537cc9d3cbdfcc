import { Injectable } from '@nestjs/common';
import { turnsContract } from '@xerotier/contracts/responses';
import type { ServedStream } from '@xerotier/nats';
import { Serves } from '@xerotier/service-host';
import type { z } from 'zod';
import { TurnsService } from './turns.service.ts';

const { run } = turnsContract.operations;

/** Serves the contract of turns. */
@Injectable()
export class TurnsHandlers {
  constructor(private readonly turns: TurnsService) {}

  @Serves(run)
  run(input: z.output<typeof run.input>, stream: ServedStream<typeof run>): Promise<z.input<typeof run.end>> {
    return this.turns.run(input, stream);
  }
}
