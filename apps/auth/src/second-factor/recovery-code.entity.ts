import { Check, Column, CreateDateColumn, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Account } from '../accounts/account.entity.ts';

/** A code for an account whose authenticator app is lost. It works once. */
@Entity()
@Check('recovery_code_hash_check', 'octet_length(hash) = 32')
export class RecoveryCode {
  @ForeignKey(() => Account)
  @PrimaryColumn('text')
  accountId!: string;

  /** See `recoveryCodeHash`. */
  @PrimaryColumn('bytea')
  hash!: Buffer;

  @Column('timestamptz', { nullable: true })
  usedAt!: Date | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
