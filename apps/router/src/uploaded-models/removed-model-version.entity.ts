import { CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A version that was deleted, so that a late repetition of its registration does not bring it back without its bytes. */
@Entity('removed_model_version')
export class RemovedModelVersionEntity {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'removed_model_version_key' })
  projectId!: string;

  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'removed_model_version_key' })
  id!: string;

  @CreateDateColumn({ type: 'timestamptz' })
  removedAt!: Date;
}
