import { EntitySchema } from 'typeorm';

/** A service tier. A limit that is null is unlimited. */
export interface Tier {
  slug: string;
  name: string;
  requestsPerMinute: number | null;
  tokensPerMinute: number | null;
}

export const TierEntity = new EntitySchema<Tier>({
  name: 'tier',
  columns: {
    slug: { type: 'text', primary: true },
    name: { type: 'text' },
    requestsPerMinute: { type: 'integer', name: 'requests_per_minute', nullable: true },
    tokensPerMinute: { type: 'integer', name: 'tokens_per_minute', nullable: true },
  },
});
