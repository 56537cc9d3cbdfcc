import { Injectable } from '@nestjs/common';
import { batchContract } from '@xerotier/contracts/batch';
import { Serves } from '@xerotier/service-host';
import type { Input, Output } from '../batches/batches.service.ts';
import { ResultsReader } from './results-reader.ts';

const { readResults } = batchContract.operations;

@Injectable()
export class ResultsHandlers {
  constructor(private readonly results: ResultsReader) {}

  @Serves(readResults)
  read(input: Input<'readResults'>): Promise<Output<'readResults'>> {
    return this.results.read(input);
  }
}
