import type { Metadata } from '@xerotier/public-api/fields';
import { EntitySchema } from 'typeorm';

/** A stored chat completion. `content` and `messages` are sealed with the key of the project. */
export interface CompletionRow {
  projectId: string;
  id: string;
  endpointId: string;
  model: string;
  metadata: Metadata;
  createdAt: Date;
  content: Buffer;
  messages: Buffer;
}

export const CompletionEntity = new EntitySchema<CompletionRow>({
  name: 'completion',
  columns: {
    projectId: { type: 'text', primary: true, name: 'project_id' },
    id: { type: 'text', primary: true },
    endpointId: { type: 'uuid', name: 'endpoint_id' },
    model: { type: 'text' },
    metadata: { type: 'jsonb' },
    createdAt: { type: 'timestamptz', name: 'created_at' },
    content: { type: 'bytea' },
    messages: { type: 'bytea' },
  },
});
