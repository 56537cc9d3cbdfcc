import { Check, Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** An entry of the model catalogue. */
@Entity('model')
@Check('model_id_check', `id ~ '^[A-Za-z0-9_-]{1,64}$'`)
@Check('model_name_check', 'length(name) BETWEEN 1 AND 256')
@Check('model_owned_by_check', 'length(owned_by) BETWEEN 1 AND 256')
@Check('model_context_tokens_check', 'context_tokens > 0')
export class ModelEntity {
  /** A NATS subject token. */
  @PrimaryColumn('text')
  id!: string;

  /** The name that clients send and receive. */
  @Column('text')
  name!: string;

  @Column('text')
  ownedBy!: string;

  /** Null when unknown. */
  @Column('integer', { nullable: true })
  contextTokens!: number | null;

  /** Whether a project has uploaded it: then only those see it whom an `UploadedModelEntity` lets. */
  @Column('boolean', { default: false })
  isUploaded!: boolean;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
