import { Check, Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';

/** `sign_in`: the state of a sign-in by an identity provider, of which only the use is recorded. */
export type OneTimeTokenKind = 'invitation' | 'email_verification' | 'password_reset' | 'sign_in';

/** The token in a link of a mail. It belongs to no project: whoever presents it is not known before it is found. */
@Entity()
@Index('one_time_token_subject_idx', ['kind', 'subject'])
@Index('one_time_token_expires_at_idx', ['expiresAt'])
@Check('one_time_token_hash_check', 'octet_length(hash) = 32')
@Check('one_time_token_kind_check', `kind IN ('invitation', 'email_verification', 'password_reset', 'sign_in')`)
export class OneTimeToken {
  /** SHA-256 of the token, which has 256 random bits and therefore needs neither salt nor pepper. */
  @PrimaryColumn('bytea')
  hash!: Buffer;

  @Column('text')
  kind!: OneTimeTokenKind;

  /** The id of the account, or of the invitation; empty for a sign-in. */
  @Column('text')
  subject!: string;

  @Column('timestamptz')
  expiresAt!: Date;

  @Column('timestamptz', { nullable: true })
  usedAt!: Date | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
