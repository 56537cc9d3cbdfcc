import { Check, Column, CreateDateColumn, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Account } from '../accounts/account.entity.ts';

/** The secret that an account shares with an authenticator app. It belongs to no project. */
@Entity()
@Check('totp_confirmed_check', '(confirmed_at IS NULL) = (last_step IS NULL)')
export class Totp {
  @ForeignKey(() => Account)
  @PrimaryColumn('text')
  accountId!: string;

  /** Sealed: see SecretBox. */
  @Column('bytea')
  secret!: Buffer;

  /** Null until a code has shown that the app has the secret. Until then it has no effect. */
  @Column('timestamptz', { nullable: true })
  confirmedAt!: Date | null;

  /** The time step (RFC 6238) of the last code that was used. Earlier codes, and itself, are no longer valid. */
  @Column('integer', { nullable: true })
  lastStep!: number | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
