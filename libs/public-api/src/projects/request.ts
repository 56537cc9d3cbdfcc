import { z } from 'zod';
import { storableText } from '../fields/storable-text.ts';
import { components } from '../openapi/components.ts';

export const projectSettings = z
  .strictObject({
    store_by_default: z
      .boolean()
      .optional()
      .describe('Whether chat completions without `store` are stored. Default false.'),
    include_reasoning: z
      .boolean()
      .optional()
      .describe('Whether chat completions without `include_reasoning` contain the reasoning. Default false.'),
    retention_days: z
      .number()
      .int()
      .min(1)
      .max(3_650)
      .nullable()
      .optional()
      .describe(
        'After how many days responses and stored completions are deleted, also those that are stored already. Null, the default, keeps completions, and responses for 30 days.',
      ),
  })
  .register(components, { id: 'ProjectSettings' });

export const updateProjectRequest = z
  .strictObject({ name: storableText(256).min(1).optional(), settings: projectSettings.optional() })
  .register(components, { id: 'UpdateProjectRequest' });
