import { z } from 'zod';
import { storableText } from '../fields/storable-text.ts';
import { pageQueryFields } from '../page/page.ts';

export const auditEventsQuery = z.strictObject({
  ...pageQueryFields('desc'),
  action: storableText(64).min(1).optional().describe('Only events with this `action`, such as `api_key.created`.'),
  actor_id: storableText(128).min(1).optional().describe('Only changes by this key or user.'),
  target_id: storableText(128).min(1).optional().describe('Only changes of this object.'),
});
