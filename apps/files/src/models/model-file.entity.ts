import { Check, Column, Entity, PrimaryColumn, Unique } from 'typeorm';

/**
 * A file of a version of a model, with its blob: of a version that is registered, or of an upload that is processed. `bigint` columns
 * are strings.
 */
@Entity()
@Unique('model_file_blob_key', ['projectId', 'blobId'])
@Check('model_file_bytes_check', 'bytes >= 0')
export class ModelFile {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'model_file_key' })
  projectId!: string;

  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'model_file_key' })
  versionId!: string;

  /** Without folders. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'model_file_key' })
  path!: string;

  @Column('text')
  blobId!: string;

  @Column('bigint')
  bytes!: string;

  @Column('bytea')
  sha256!: Buffer;
}
