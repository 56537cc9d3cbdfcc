import { Entity, PrimaryColumn } from 'typeorm';
import { UsageSums } from './usage-sums.ts';

/** The usage of one end user (`user`) on one day of UTC. Requests without an end user are not part of it. */
@Entity()
export class UsageDayEndUser extends UsageSums {
  @PrimaryColumn('text')
  projectId!: string;

  @PrimaryColumn('text')
  endUser!: string;

  @PrimaryColumn('date')
  day!: string;
}
