import { Injectable } from '@nestjs/common';
import { turnsContract } from '@xerotier/contracts/responses';
import type { ServedStream } from '@xerotier/nats';
import { Serves } from '@xerotier/service-host';
import type { z } from 'zod';
import { CompactionsService } from '../compactions/compactions.service.ts';
import { CountsService } from './counts.service.ts';
import { TurnsService } from './turns.service.ts';

const { run, count, compact } = turnsContract.operations;

/** Serves the contract of turns. */
@Injectable()
export class TurnsHandlers {
  constructor(
    private readonly turns: TurnsService,
    private readonly counts: CountsService,
    private readonly compactions: CompactionsService,
  ) {}

  @Serves(run)
  run(input: z.output<typeof run.input>, stream: ServedStream<typeof run>): Promise<z.input<typeof run.end>> {
    return this.turns.run(input, stream);
  }

  @Serves(count)
  count(input: z.output<typeof count.input>, stream: ServedStream<typeof count>): Promise<z.input<typeof count.end>> {
    return this.counts.count(input, stream);
  }

  @Serves(compact)
  compact(
    input: z.output<typeof compact.input>,
    stream: ServedStream<typeof compact>,
  ): Promise<z.input<typeof compact.end>> {
    return this.compactions.compact(input, stream);
  }
}
