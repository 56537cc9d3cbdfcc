import type { ApprovableRisk, MemberRole } from '@xerotier/contracts/auth';
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Account } from '../accounts/account.entity.ts';
import { Project } from '../projects/project.entity.ts';

/** The role of an account in a project. */
@Entity()
@Index('member_account_idx', ['accountId'])
@Check('member_role_check', `role IN ('owner', 'member')`)
@Check('member_approves_check', `approves <@ ARRAY['destructive', 'irreversible']`)
export class Member {
  @ForeignKey(() => Project)
  @PrimaryColumn('text')
  projectId!: string;

  @ForeignKey(() => Account)
  @PrimaryColumn('text')
  accountId!: string;

  @Column('text')
  role!: MemberRole;

  /** What is delegated to the member. An owner approves everything. */
  @Column('text', { array: true, default: () => `'{}'` })
  approves!: ApprovableRisk[];

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
