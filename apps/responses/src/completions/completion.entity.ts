import { DataKeyEntity } from '@xerotier/data-keys';
import type { Metadata } from '@xerotier/public-api/fields';
import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/**
 * A stored chat completion. `content` and `messages` are sealed with the key of the project; the migration turns off
 * their compression.
 */
@Entity('completion')
@Check('completion_id_check', `id ~ '^[A-Za-z0-9_-]{1,128}$'`)
@Check('completion_metadata_check', `jsonb_typeof(metadata) = 'object'`)
@Index('completion_project_idx', ['projectId', 'createdAt', 'id'])
@Index('completion_endpoint_idx', ['projectId', 'endpointId', 'createdAt', 'id'])
export class CompletionEntity {
  @ForeignKey(() => DataKeyEntity)
  @PrimaryColumn('text', { primaryKeyConstraintName: 'completion_key' })
  projectId!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'completion_key' })
  id!: string;

  @Column('uuid')
  endpointId!: string;

  @Column('text')
  model!: string;

  // Has the operator class `jsonb_path_ops`, which TypeORM does not support: created by the migration.
  @Index('completion_metadata_idx', { synchronize: false })
  @Column('jsonb')
  metadata!: Metadata;

  @Column('timestamptz')
  createdAt!: Date;

  @Column('bytea')
  content!: Buffer;

  @Column('bytea')
  messages!: Buffer;
}
