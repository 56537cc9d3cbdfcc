import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The newest audit event of a project, signed: who can write to the database still cannot cut off the end of a log. */
@Entity()
export class AuditHead {
  /** Or `SYSTEM_LOG_ID`. */
  @PrimaryColumn('text')
  projectId!: string;

  @Column('integer')
  sequence!: number;

  @Column('bytea')
  hash!: Buffer;

  /** Ed25519, over project, sequence and hash. */
  @Column('bytea')
  signature!: Buffer;
}
