import { EntitySchema } from 'typeorm';

/** Who owns projects. Its name is for people and need not be unique. */
export interface Team {
  id: string;
  name: string;
  createdAt: Date;
}

export const TeamEntity = new EntitySchema<Team>({
  name: 'team',
  columns: {
    id: { type: 'uuid', primary: true, generated: 'uuid' },
    name: { type: 'text' },
    createdAt: { type: 'timestamptz', name: 'created_at', createDate: true },
  },
});
