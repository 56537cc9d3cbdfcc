import { DataKeyEntity } from '@xerotier/data-keys';
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/**
 * `writing`: its object may be incomplete. `stored`: the object is complete, and belongs to a file. `removing`: nothing refers to it,
 * and its object may still exist.
 */
export type BlobState = 'writing' | 'stored' | 'removing';

/** An encrypted object of the store, of which a file has one or more. `bigint` columns are strings. */
@Entity()
@Index('blob_unfinished_idx', ['touchedAt'], { where: `state <> 'stored'` })
@Check('blob_state_check', `state IN ('writing', 'stored', 'removing')`)
@Check('blob_bytes_check', 'bytes >= 0')
@Check('blob_charged_bytes_check', 'charged_bytes >= 0')
@Check('blob_sha256_check', `(state = 'writing') OR (sha256 IS NULL) OR (length(sha256) = 32)`)
export class Blob {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'blob_key' })
  @ForeignKey(() => DataKeyEntity, { name: 'blob_project_id_fkey' })
  projectId!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'blob_key' })
  id!: string;

  @Column('text')
  state!: BlobState;

  /** Of the content, before encryption. */
  @Column('bigint', { default: 0 })
  bytes!: string;

  /** Its part of the used storage of the project: while it is written, what was reserved so far. */
  @Column('bigint', { default: 0 })
  chargedBytes!: string;

  /** Of the content; null until it is stored. */
  @Column('bytea', { nullable: true })
  sha256!: Buffer | null;

  /** When its writer was last heard of. */
  @Column('timestamptz', { default: () => 'now()' })
  touchedAt!: Date;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
