import { Column, CreateDateColumn, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

/** A part of an upload that is pending or processed, with its blob. `bigint` columns are strings. */
@Entity()
@Index('upload_part_upload_idx', ['projectId', 'uploadId', 'createdAt', 'id'])
@Unique('upload_part_blob_key', ['projectId', 'blobId'])
export class UploadPart {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'upload_part_key' })
  projectId!: string;

  /** `part_` and 24 hexadecimal digits. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'upload_part_key' })
  id!: string;

  @Column('text')
  uploadId!: string;

  @Column('text')
  blobId!: string;

  @Column('bigint')
  bytes!: string;

  @Column('bytea')
  sha256!: Buffer;

  /** In the content of a model that is processed; null until then. */
  @Column('integer', { nullable: true })
  position!: number | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
