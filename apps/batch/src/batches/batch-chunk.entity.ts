import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Consecutive lines of the input file of a batch, and which of them are done. `bigint` columns are strings. */
@Entity()
export class BatchChunk {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'batch_chunk_key' })
  projectId!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'batch_chunk_key' })
  batchId!: string;

  @PrimaryColumn('integer', { primaryKeyConstraintName: 'batch_chunk_key' })
  number!: number;

  /** Bytes of the input file. */
  @Column('bigint')
  startByte!: string;

  /** Excluded. */
  @Column('bigint')
  endByte!: string;

  /** Of the file, from 1. */
  @Column('integer')
  firstLine!: number;

  @Column('integer')
  lines!: number;

  /** A bit for each line, the first one in the lowest bit of the first byte. */
  @Column('bytea')
  done!: Buffer;

  @Column('integer', { default: 0 })
  doneLines!: number;
}
