import { Check, Column, Entity, PrimaryColumn, Unique } from 'typeorm';

/** The content of a file is that of its blobs, by position. */
@Entity()
@Unique('file_segment_blob_key', ['projectId', 'blobId'])
@Check('file_segment_position_check', 'position >= 0')
export class FileSegment {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'file_segment_key' })
  projectId!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'file_segment_key' })
  fileId!: string;

  @PrimaryColumn('integer', { primaryKeyConstraintName: 'file_segment_key' })
  position!: number;

  @Column('text')
  blobId!: string;
}
