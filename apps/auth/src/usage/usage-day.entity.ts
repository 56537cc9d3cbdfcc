import { Entity, PrimaryColumn } from 'typeorm';
import { UsageSums } from './usage-sums.ts';

/** The usage of one day of UTC, by what it was used with and for. */
@Entity()
export class UsageDay extends UsageSums {
  @PrimaryColumn('text')
  projectId!: string;

  @PrimaryColumn('date')
  day!: string;

  @PrimaryColumn('uuid')
  endpointId!: string;

  @PrimaryColumn('text')
  keyId!: string;

  @PrimaryColumn('text')
  modelId!: string;

  @PrimaryColumn('text')
  tier!: string;
}
