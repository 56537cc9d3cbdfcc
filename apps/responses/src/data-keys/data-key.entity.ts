import { EntitySchema } from 'typeorm';

/** The key of one project, wrapped under a master key. */
export interface DataKeyRow {
  projectId: string;
  masterKeyId: string;
  wrapped: Buffer;
  createdAt: Date;
}

export const DataKeyEntity = new EntitySchema<DataKeyRow>({
  name: 'data_key',
  columns: {
    projectId: { type: 'text', primary: true, name: 'project_id' },
    masterKeyId: { type: 'text', name: 'master_key_id' },
    wrapped: { type: 'bytea' },
    createdAt: { type: 'timestamptz', name: 'created_at', createDate: true },
  },
});
