import { Injectable } from '@nestjs/common';
import { filesContract } from '@xerotier/contracts/files';
import { Serves } from '@xerotier/service-host';
import type { Input, Output } from '../operations.ts';
import { TransfersService } from './transfers.service.ts';

const { beginFile, beginPart, openContent, openModelFile } = filesContract.operations;

/** Transfers on the bus: where one may be made, and the ticket for it. */
@Injectable()
export class TransfersHandlers {
  constructor(private readonly transfers: TransfersService) {}

  @Serves(beginFile)
  beginFile(input: Input<'beginFile'>): Promise<Output<'beginFile'>> {
    return this.transfers.beginFile(input);
  }

  @Serves(beginPart)
  beginPart(input: Input<'beginPart'>): Promise<Output<'beginPart'>> {
    return this.transfers.beginPart(input);
  }

  @Serves(openContent)
  openContent(input: Input<'openContent'>): Promise<Output<'openContent'>> {
    return this.transfers.openContent(input);
  }

  @Serves(openModelFile)
  openModelFile(input: Input<'openModelFile'>): Promise<Output<'openModelFile'>> {
    return this.transfers.openModelFile(input);
  }
}
