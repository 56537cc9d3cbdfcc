import { EntitySchema } from 'typeorm';

export interface Project {
  /** The public id, `proj_...`: in URLs, and never changed. */
  id: string;
  teamId: string;
  name: string;
  /** In the project's API keys; unique within its team. */
  slug: string;
  createdAt: Date;
}

export const ProjectEntity = new EntitySchema<Project>({
  name: 'project',
  columns: {
    id: { type: 'text', primary: true },
    teamId: { type: 'uuid', name: 'team_id' },
    name: { type: 'text' },
    slug: { type: 'text' },
    createdAt: { type: 'timestamptz', name: 'created_at', createDate: true },
  },
});
