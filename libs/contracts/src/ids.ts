/** Ids in messages. Model and worker ids are subject tokens on NATS, so they contain no dots. */
import { z } from 'zod';

export { projectId, slug } from '@xerotier/public-api/fields';

const token = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -');

export const modelId = token.meta({ description: 'Id of a model in the catalogue' });
export const workerId = token.meta({ description: 'Id of a worker process, unique in the fleet' });
export const requestId = token.meta({ description: 'Id of one client request, the X-Request-ID' });
export const leaseId = token.meta({ description: 'Id of one slot, granted for one generation' });
