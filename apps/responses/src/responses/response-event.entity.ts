import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Response } from './response.entity.ts';

/** Events of a streamed response that were written together: as lines of JSON, sealed with the key of the project. */
@Entity()
@ForeignKey(() => Response, ['projectId', 'responseId'], ['projectId', 'id'], { name: 'response_event_response_fkey' })
@Check('response_event_range_check', 'last >= first AND first >= 0')
export class ResponseEvent {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'response_event_key' })
  projectId!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'response_event_key' })
  responseId!: string;

  /** `sequence_number` of the first one. */
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'response_event_key' })
  first!: number;

  @Column('integer')
  last!: number;

  @Column('bytea')
  content!: Buffer;
}
