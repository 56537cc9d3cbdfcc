import type { EndpointTask } from '@xerotier/contracts/auth';
import { EntitySchema } from 'typeorm';

/** An inference URL of a project, bound to one model, one tier and one task. */
export interface Endpoint {
  id: string;
  projectId: string;
  /** In the URL; unique within the project, and never changed. */
  slug: string;
  modelId: string;
  tier: string;
  /** What it is for: the other routes refuse it. */
  task: EndpointTask;
  createdAt: Date;
}

export const EndpointEntity = new EntitySchema<Endpoint>({
  name: 'endpoint',
  columns: {
    id: { type: 'uuid', primary: true, generated: 'uuid' },
    projectId: { type: 'text', name: 'project_id' },
    slug: { type: 'text' },
    modelId: { type: 'text', name: 'model_id' },
    tier: { type: 'text' },
    task: { type: 'text', default: 'generate' },
    createdAt: { type: 'timestamptz', name: 'created_at', createDate: true },
  },
});
