import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** The storage that a project uses: the sum of `charged_bytes` of its blobs. */
@Entity()
@Check('project_storage_bytes_check', 'bytes >= 0')
export class ProjectStorage {
  @PrimaryColumn('text')
  projectId!: string;

  @Column('bigint')
  bytes!: string;
}
