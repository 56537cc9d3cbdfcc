import { DataKeyEntity } from '@xerotier/data-keys';
import type { StoredFile } from '@xerotier/contracts/files';
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

@Entity()
@Index('file_created_at_idx', ['projectId', 'createdAt', 'id'])
@Index('file_expires_at_idx', ['expiresAt'], { where: 'expires_at IS NOT NULL' })
@Check('file_bytes_check', 'bytes >= 0')
export class File {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'file_key' })
  @ForeignKey(() => DataKeyEntity, { name: 'file_project_id_fkey' })
  projectId!: string;

  /** `file-` and 24 hexadecimal digits. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'file_key' })
  id!: string;

  @Column('text')
  purpose!: StoredFile['purpose'];

  @Column('text')
  filename!: string;

  @Column('text', { nullable: true })
  relativePath!: string | null;

  /** The sum of its segments. */
  @Column('bigint')
  bytes!: string;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;

  @Column('timestamptz', { nullable: true })
  expiresAt!: Date | null;
}
