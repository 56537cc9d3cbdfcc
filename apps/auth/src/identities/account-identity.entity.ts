import type { IdentityProviderId } from '@xerotier/contracts/auth';
import { Check, Column, CreateDateColumn, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import { Account } from '../accounts/account.entity.ts';

/** Somebody at an identity provider who can sign in to an account. It belongs to no project. */
@Entity()
@Unique('account_identity_account_key', ['accountId', 'issuer'])
@Check('account_identity_provider_check', `provider IN ('github', 'oidc')`)
export class AccountIdentity {
  /** With the subject the key: after a change of OIDC_ISSUER, the same subject is somebody else. */
  @PrimaryColumn('text')
  issuer!: string;

  @PrimaryColumn('text')
  subject!: string;

  @Column('text')
  provider!: IdentityProviderId;

  @ForeignKey(() => Account)
  @Column('text')
  accountId!: string;

  /** Verified by the provider when it was linked; null without one. It is shown, and decides nothing. */
  @Column('text', { nullable: true })
  email!: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
