import { Injectable } from '@nestjs/common';
import { filesContract } from '@xerotier/contracts/files';
import { Serves } from '@xerotier/service-host';
import type { z } from 'zod';
import { TransfersService } from './transfers.service.ts';

const { beginFile, beginPart, openContent } = filesContract.operations;

/** Transfers on the bus: where one may be made, and the ticket for it. */
@Injectable()
export class TransfersHandlers {
  constructor(private readonly transfers: TransfersService) {}

  @Serves(beginFile)
  beginFile(input: z.output<typeof beginFile.input>): Promise<z.input<typeof beginFile.output>> {
    return this.transfers.beginFile(input);
  }

  @Serves(beginPart)
  beginPart(input: z.output<typeof beginPart.input>): Promise<z.input<typeof beginPart.output>> {
    return this.transfers.beginPart(input);
  }

  @Serves(openContent)
  openContent(input: z.output<typeof openContent.input>): Promise<z.input<typeof openContent.output>> {
    return this.transfers.openContent(input);
  }
}
