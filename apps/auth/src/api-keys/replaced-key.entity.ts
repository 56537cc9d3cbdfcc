import { CreateDateColumn, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ApiKey } from './api-key.entity.ts';

/**
 * A value that an API key had before it was rotated: a seed that still names one must not make it valid again. A trigger of the
 * migration writes these, so that no way to replace a value gets by.
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
