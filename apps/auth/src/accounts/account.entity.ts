import { Check, Column, CreateDateColumn, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

/** A person who can sign in. Accounts belong to no project: see Member. */
@Entity()
@Unique('account_email_key', ['email'])
@Index('account_created_at_idx', ['createdAt', 'id'])
@Check('account_email_check', 'email = lower(email) AND length(email) BETWEEN 3 AND 254')
@Check('account_name_check', 'length(name) BETWEEN 1 AND 256')
@Check('account_system_role_check', `system_role IN ('admin', 'operator')`)
export class Account {
  @PrimaryColumn('text')
  id!: string;

  /** In lower case, so that it is unique whatever its case. */
  @Column('text')
  email!: string;

  /** As `$argon2id$...`; null if the account has no password. */
  @Column('text', { nullable: true })
  passwordHash!: string | null;

  @Column('text')
  name!: string;

  @Column('text', { nullable: true })
  systemRole!: 'admin' | 'operator' | null;

  @Column('timestamptz', { nullable: true })
  emailVerifiedAt!: Date | null;

  @Column('timestamptz', { nullable: true })
  disabledAt!: Date | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
