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
  })
  .register(components, { id: 'ProjectSettings' });

export const updateProjectRequest = z
  .strictObject({ name: storableText(256).min(1).optional(), settings: projectSettings.optional() })
  .register(components, { id: 'UpdateProjectRequest' });
