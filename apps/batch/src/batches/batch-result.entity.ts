import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Lines of an output file that is not written yet, encrypted. */
@Entity()
@Index('batch_result_line_idx', ['projectId', 'batchId', 'kind', 'firstLine'])
export class BatchResult {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'batch_result_key' })
  projectId!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'batch_result_key' })
  batchId!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'batch_result_key' })
  kind!: 'output' | 'error';

  /** Counts the results of a batch of this kind. */
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'batch_result_key' })
  position!: number;

  /** How many lines of its kind the batch had before, in the order of the file. */
  @Column('integer')
  firstLine!: number;

  @Column('integer')
  lines!: number;

  @Column('bytea')
  content!: Buffer;
}
