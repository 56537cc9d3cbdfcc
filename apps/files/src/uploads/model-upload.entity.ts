import type { ChangeContext } from '@xerotier/contracts/auth';
import type { StoredUpload } from '@xerotier/contracts/files';
import type { ModelFacts } from '@xerotier/contracts/router';
import { Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import type { Input } from '../operations.ts';
import { Upload } from './upload.entity.ts';

/** What the version is to be called, and who uploads it. */
export type ModelRequest = NonNullable<Input<'createUpload'>['model']> & {
  readonly uploader: Pick<ChangeContext, 'actor' | 'clientAddress' | 'requestId'>;
};

/** The files that the parts are, one after another. */
export type Manifest = NonNullable<Input<'createUpload'>['files']>;

/** What an upload with the purpose `model` has besides others. */
@Entity()
@Unique('model_upload_version_key', ['projectId', 'versionId'])
@ForeignKey(() => Upload, ['projectId', 'uploadId'], ['projectId', 'id'], {
  name: 'model_upload_upload_fkey',
  onDelete: 'CASCADE',
})
export class ModelUpload {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'model_upload_key' })
  projectId!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'model_upload_key' })
  uploadId!: string;

  /** Of the version that it becomes. The router takes the id from here, so that it makes one version, however often it is asked. */
  @Column('uuid')
  versionId!: string;

  @Column('jsonb')
  request!: ModelRequest;

  /** Null for an archive. */
  @Column('jsonb', { nullable: true })
  manifest!: Manifest | null;

  /** Counts whoever has begun to process it, so that only the last one changes something. */
  @Column('integer', { default: 0 })
  attempt!: number;

  /** Attempts from the last progress on that did not end in an orderly way, with the one that runs. */
  @Column('integer', { default: 0 })
  failures!: number;

  /** What the current attempt writes: the next one removes it. */
  @Column('text', { nullable: true })
  writingBlobId!: string | null;

  /** Set when all files are stored and checked, and the parts are removed: it remains to be registered. */
  @Column('jsonb', { nullable: true })
  facts!: ModelFacts | null;

  @Column('text', { nullable: true })
  modelId!: string | null;

  @Column('text', { nullable: true })
  version!: string | null;

  @Column('jsonb', { nullable: true })
  error!: NonNullable<StoredUpload['error']> | null;
}
