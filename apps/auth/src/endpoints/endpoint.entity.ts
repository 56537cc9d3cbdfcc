import type { EndpointStatus, EndpointTask } from '@xerotier/contracts/auth';
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { Project } from '../projects/project.entity.ts';
import { Tier } from '../tiers/tier.entity.ts';

/** An inference URL of a project, bound to one model, one tier and one task. */
@Entity()
@Unique('endpoint_slug_key', ['projectId', 'slug'])
@Check('endpoint_slug_check', `slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'`)
@Check('endpoint_model_id_check', `model_id ~ '^[A-Za-z0-9_-]{1,64}$'`)
@Check('endpoint_task_check', `task IN ('generate', 'embed', 'score', 'transcribe', 'speak', 'image')`)
@Check('endpoint_status_check', `status IN ('active', 'paused')`)
@Check('endpoint_model_bytes_check', 'model_bytes > 0')
@Index('endpoint_model_id_idx', ['modelId'], { where: 'deleted_at IS NULL' })
export class Endpoint {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @ForeignKey(() => Project)
  @Column('text')
  projectId!: string;

  /** Part of the URL; unique within the project, and immutable. */
  @Column('text')
  slug!: string;

  @Column('text')
  modelId!: string;

  /** Of an uploaded model, when it was chosen; null for a model of the platform. */
  @Column('bigint', { nullable: true })
  modelBytes!: string | null;

  @ForeignKey(() => Tier, { onUpdate: 'CASCADE' })
  @Column('text')
  tier!: string;

  /** What the endpoint serves: routes of other tasks reject it. */
  @Column('text', { default: 'generate' })
  task!: EndpointTask;

  /** A paused endpoint rejects requests. */
  @Column('text', { default: 'active' })
  status!: EndpointStatus;

  /** `EndpointDefaults` of the contract. */
  @Column('jsonb', { default: {} })
  defaults!: object;

  /** Of requests without latency targets of their own; null for none. */
  @Column('integer', { nullable: true })
  targetTimeToFirstTokenMs!: number | null;

  @Column('integer', { nullable: true })
  targetTimePerOutputTokenMs!: number | null;

  /** A deleted endpoint keeps its row, which the ledger and stored completions refer to, and its slug. */
  @Column('timestamptz', { nullable: true })
  deletedAt!: Date | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
