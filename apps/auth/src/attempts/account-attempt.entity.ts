import { Check, Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

const KINDS = [
  'sign_in',
  'second_factor',
  'registration',
  'password_reset_mail',
  'verification_mail',
  'invitation_mail',
] as const;

/** A recent attempt to sign in or to register, or a request that sent mail, for limits that all replicas share. It belongs to no project. */
@Entity()
@Index('account_attempt_email_idx', ['kind', 'emailHash', 'createdAt'])
@Index('account_attempt_network_idx', ['kind', 'network', 'createdAt'])
@Index('account_attempt_created_at_idx', ['createdAt'])
@Check('account_attempt_kind_check', `kind IN (${KINDS.map((kind) => `'${kind}'`).join(', ')})`)
@Check('account_attempt_email_hash_check', 'octet_length(email_hash) = 32')
export class AccountAttempt {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column('text')
  kind!: (typeof KINDS)[number];

  /** SHA-256 of the e-mail address, whether or not it has an account; null if it is not limited by account. */
  @Column('bytea', { nullable: true })
  emailHash!: Buffer | null;

  /** The address of the client, or its network: see `networkOf`. */
  @Column('text')
  network!: string;

  @Column('timestamptz')
  createdAt!: Date;
}
