import { CreateDateColumn, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ApiKey } from './api-key.entity.ts';

/**
 * A value that an API key had before a rotation: a seed that still contains it must not make it valid again. A trigger
 * writes these rows, so that no code path can bypass it.
 */
@Entity()
export class ReplacedKey {
  @PrimaryColumn('bytea')
  keyHash!: Buffer;

  @Index('replaced_key_api_key_idx')
  @ForeignKey(() => ApiKey, { onDelete: 'CASCADE' })
  @Column('text')
  apiKeyId!: string;

  @CreateDateColumn({ type: 'timestamptz' })
  replacedAt!: Date;
}
