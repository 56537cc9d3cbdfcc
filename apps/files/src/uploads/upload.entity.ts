import type { StoredUpload } from '@xerotier/contracts/files';
import { DataKeyEntity } from '@xerotier/data-keys';
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** An upload in parts. A pending one whose time is over is expired, whatever its status says yet. `bigint` columns are strings. */
@Entity()
@Index('upload_expires_at_idx', ['expiresAt'], { where: `status = 'pending'` })
@Index('upload_ended_idx', ['expiresAt'], { where: `status <> 'pending'` })
@Index('upload_processing_idx', ['createdAt'], { where: `status = 'processing'` })
@Check('upload_status_check', `status IN ('pending', 'processing', 'completed', 'failed', 'cancelled', 'expired')`)
@Check('upload_bytes_check', 'bytes > 0')
export class Upload {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'upload_key' })
  @ForeignKey(() => DataKeyEntity, { name: 'upload_project_id_fkey' })
  projectId!: string;

  /** `upload_` and 24 hexadecimal digits. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'upload_key' })
  id!: string;

  @Column('text')
  purpose!: StoredUpload['purpose'];

  @Column('text')
  filename!: string;

  @Column('text', { nullable: true })
  relativePath!: string | null;

  @Column('text')
  mimeType!: string;

  /** Of all parts together. */
  @Column('bigint')
  bytes!: string;

  /** Of the file, from its completion. */
  @Column('integer', { nullable: true })
  fileSeconds!: number | null;

  @Column('text')
  status!: StoredUpload['status'];

  @Column('text', { nullable: true })
  fileId!: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;

  @Column('timestamptz')
  expiresAt!: Date;
}
