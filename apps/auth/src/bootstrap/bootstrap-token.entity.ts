import { Check, Column, CreateDateColumn, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Project } from '../projects/project.entity.ts';

/** The one-time token that makes somebody an admin. There is at most one. */
@Entity()
@Check('bootstrap_token_hash_check', 'octet_length(hash) = 32')
export class BootstrapToken {
  /** SHA-256 of the token, which has 256 random bits and therefore needs neither salt nor pepper. */
  @PrimaryColumn('bytea')
  hash!: Buffer;

  /** Whether it is valid only as long as there is no admin. */
  @Column('boolean')
  isForFirst!: boolean;

  /** A project that the admin becomes an owner of. */
  @ForeignKey(() => Project)
  @Column('text', { nullable: true })
  ownedProject!: string | null;

  @Column('timestamptz')
  expiresAt!: Date;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
