import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Project } from '../projects/project.entity.ts';

/** The newest audit event of a project, signed: who can write to the database still cannot cut off the end of a log. */
@Entity()
export class AuditHead {
  @ForeignKey(() => Project)
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
