import { model } from '@xerotier/contracts/router';
import { z } from 'zod';

/** The input of `seed`. */
export const seedDocument = z.object({ models: z.array(model.omit({ createdAt: true })).max(1_000) });
