import { Check, Column, Entity, PrimaryColumn, Unique } from 'typeorm';

/** One change in a project. Rows are only added: a trigger rejects updates and deletions. */
@Entity()
@Unique('audit_event_sequence_key', ['projectId', 'sequence'])
@Check('audit_event_hash_check', 'octet_length(hash) = 32 AND octet_length(previous_hash) = 32')
@Check('audit_event_sequence_check', 'sequence > 0')
export class AuditEvent {
  /** Or `SYSTEM_LOG_ID`. */
  @PrimaryColumn('text')
  projectId!: string;

  @PrimaryColumn('text')
  id!: string;

  /** 1 for the first one of the project, without gaps. */
  @Column('integer')
  sequence!: number;

  @Column({ type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  /** Such as `api_key.created`. */
  @Column('text')
  action!: string;

  @Column('text')
  actorKind!: 'api_key' | 'user' | 'operator';

  @Column('text')
  actorId!: string;

  @Column('text')
  clientAddress!: string;

  @Column('text')
  requestId!: string;

  @Column('text')
  targetType!: string;

  @Column('text')
  targetId!: string;

  @Column('jsonb', { nullable: true })
  before!: object | null;

  @Column('jsonb', { nullable: true })
  after!: object | null;

  @Column('bytea')
  previousHash!: Buffer;

  @Column('bytea')
  hash!: Buffer;
}
