import { EntitySchema } from 'typeorm';

/** An entry of the model catalogue. */
export interface ModelRow {
  id: string;
  name: string;
  ownedBy: string;
  /** Null when nobody has said. */
  contextTokens: number | null;
  createdAt: Date;
}

export const ModelEntity = new EntitySchema<ModelRow>({
  name: 'model',
  columns: {
    id: { type: 'text', primary: true },
    name: { type: 'text' },
    ownedBy: { type: 'text', name: 'owned_by' },
    contextTokens: { type: 'integer', name: 'context_tokens', nullable: true },
    createdAt: { type: 'timestamptz', name: 'created_at', createDate: true },
  },
});
