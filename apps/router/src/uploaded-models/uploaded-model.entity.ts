import type { ModelRole } from '@xerotier/contracts/router';
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { ModelEntity } from '../models/model.entity.ts';

/** A model of a project. Its name and context size are in the catalogue as well, where requests read them. */
@Entity('uploaded_model')
@Unique('uploaded_model_name_key', ['projectId', 'name'])
@Index('uploaded_model_id_idx', ['id'], { unique: true })
@Index('uploaded_model_shared_idx', ['sharedAt', 'id'], { where: `role <> 'private'` })
@Check('uploaded_model_role_check', `role IN ('private', 'deployable', 'shared')`)
@Check('uploaded_model_shared_at_check', `(role = 'private') = (shared_at IS NULL)`)
export class UploadedModelEntity {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'uploaded_model_key' })
  projectId!: string;

  /** `model_` and 24 hexadecimal digits. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'uploaded_model_key' })
  @ForeignKey(() => ModelEntity, { name: 'uploaded_model_id_fkey' })
  id!: string;

  @Column('text')
  name!: string;

  @Column('text', { default: 'private' })
  role!: ModelRole;

  @Column('text', { nullable: true })
  description!: string | null;

  @Column('text', { nullable: true })
  license!: string | null;

  @Column('text', { array: true, default: [] })
  tags!: string[];

  @Column('text', { array: true, default: [] })
  workloadTypes!: string[];

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;

  @Column('timestamptz', { nullable: true })
  sharedAt!: Date | null;
}
