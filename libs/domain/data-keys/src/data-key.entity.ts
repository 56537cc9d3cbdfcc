import { Check, Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** The data key of a project, encrypted with a master key. */
@Entity('data_key')
@Check('data_key_project_id_check', `project_id ~ '^[A-Za-z0-9_-]{1,64}$'`)
@Check('data_key_master_key_id_check', 'length(master_key_id) BETWEEN 1 AND 64')
export class DataKeyEntity {
  @PrimaryColumn('text')
  projectId!: string;

  @Column('text')
  masterKeyId!: string;

  @Column('bytea')
  wrapped!: Buffer;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
