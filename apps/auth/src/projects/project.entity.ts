import type { ProjectSettings } from '@xerotier/contracts/auth';
import { Check, Column, CreateDateColumn, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import { Team } from './team.entity.ts';

@Entity()
@Unique('project_slug_key', ['teamId', 'slug'])
@Check('project_id_check', `id ~ '^proj_[A-Z0-9]{6,32}$'`)
@Check('project_name_check', 'length(name) BETWEEN 1 AND 256')
@Check('project_slug_check', `slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'`)
@Check('project_spend_cap_micros_check', 'spend_cap_micros >= 0')
export class Project {
  /** The public id, `proj_...`: part of URLs, and immutable. */
  @PrimaryColumn('text')
  id!: string;

  @ForeignKey(() => Team)
  @Column('uuid')
  teamId!: string;

  @Column('text')
  name!: string;

  /** Part of the project's API keys; unique within its team. */
  @Column('text')
  slug!: string;

  /** What its requests inherit. */
  @Column('jsonb', { default: {} })
  settings!: ProjectSettings;

  /** Since when it serves nothing; null if it is not archived. */
  @Column('timestamptz', { nullable: true })
  archivedAt!: Date | null;

  /** In micro-units per calendar month of UTC; null for no cap. `bigint` columns are strings. */
  @Column('bigint', { nullable: true })
  spendCapMicros!: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
