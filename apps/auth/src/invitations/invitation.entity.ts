import type { MemberRole } from '@xerotier/contracts/auth';
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Account } from '../accounts/account.entity.ts';
import { Project } from '../projects/project.entity.ts';

/** An invitation to a project. It is pending until it is accepted, revoked or expired. */
@Entity()
@Index('invitation_project_idx', ['projectId', 'createdAt', 'id'])
@Index('invitation_email_idx', ['email'])
@Check('invitation_email_check', 'email = lower(email) AND length(email) BETWEEN 3 AND 254')
@Check('invitation_role_check', `role IN ('owner', 'member')`)
export class Invitation {
  @PrimaryColumn('text')
  id!: string;

  @ForeignKey(() => Project)
  @Column('text')
  projectId!: string;

  /** In lower case. */
  @Column('text')
  email!: string;

  @Column('text')
  role!: MemberRole;

  /** Who has accepted it. */
  @ForeignKey(() => Account)
  @Column('text', { nullable: true })
  accountId!: string | null;

  @Column('timestamptz')
  expiresAt!: Date;

  @Column('timestamptz', { nullable: true })
  acceptedAt!: Date | null;

  @Column('timestamptz', { nullable: true })
  revokedAt!: Date | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
