import type { ModelFacts, ModelShape } from '@xerotier/contracts/router';
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { UploadedModelEntity } from './uploaded-model.entity.ts';

/** A version of an uploaded model. Its bytes are in the files service, under the same id. */
@Entity('model_version')
@ForeignKey(() => UploadedModelEntity, ['projectId', 'modelId'], ['projectId', 'id'], {
  name: 'model_version_model_fkey',
})
@Unique('model_version_version_key', ['projectId', 'modelId', 'version'])
@Index('model_version_latest_idx', ['projectId', 'modelId'], { unique: true, where: 'is_latest' })
@Index('model_version_created_at_idx', ['projectId', 'modelId', 'createdAt', 'id'])
@Check('model_version_latest_at_check', 'NOT is_latest OR latest_at IS NOT NULL')
@Check('model_version_bytes_check', 'bytes > 0')
export class ModelVersionEntity {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'model_version_key' })
  projectId!: string;

  /** Made by the files service. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'model_version_key' })
  id!: string;

  @Column('text')
  modelId!: string;

  @Column('text')
  version!: string;

  @Column('boolean', { default: false })
  isLatest!: boolean;

  /** When it became the latest one; null for one that never was, or that a rollback has left: rollbacks go back along it. */
  @Column('timestamptz', { nullable: true })
  latestAt!: Date | null;

  @Column('text', { nullable: true })
  notes!: string | null;

  @Column('bigint')
  bytes!: string;

  @Column('integer')
  fileCount!: number;

  @Column('text')
  format!: ModelFacts['format'];

  @Column('text')
  architecture!: string;

  /** Null when unknown. */
  @Column('bigint', { nullable: true })
  contextTokens!: string | null;

  @Column('bigint')
  parameterCount!: string;

  @Column('text')
  quantization!: string;

  /** Null if it could not be read, and of versions that are older than this column. */
  @Column('jsonb', { nullable: true })
  shape!: ModelShape | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
