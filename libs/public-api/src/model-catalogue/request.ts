import { z } from 'zod';
import { storableText } from '../fields/storable-text.ts';
import { components } from '../openapi/components.ts';
import { pageQueryFields } from '../page/page.ts';

export const modelSource = z.enum(['platform', 'project', 'shared']);

export const catalogueQuery = z.strictObject({
  ...pageQueryFields('asc'),
  source: modelSource.optional().describe('Only the models of this source.'),
});

export const discoverQuery = z.strictObject({
  ...pageQueryFields('desc'),
  architecture: storableText(256).min(1).optional().describe('Such as `llama`, in any case.'),
  tag: storableText(64).min(1).optional().describe('One of the tags or workload types.'),
  text: storableText(256).min(1).optional().describe('A part of the name or the description, in any case.'),
});

export const modelVersionsQuery = z.strictObject(pageQueryFields('desc'));

const labels = z.array(storableText(64).min(1)).max(16);

export const updateModelRequest = z
  .strictObject({
    description: storableText(4_096).min(1).nullable().optional().describe('Null removes it.'),
    license: storableText(128).min(1).nullable().optional().describe('Such as `apache-2.0`. Null removes it.'),
    tags: labels.optional().describe('Replaces all tags.'),
    workload_types: labels.optional().describe('Such as `chat`, `code` or `embedding`. Replaces all of them.'),
  })
  .register(components, { id: 'UpdateCatalogueModelRequest' });

export const rollBackModelRequest = z
  .strictObject({
    from: storableText(64)
      .min(1)
      .optional()
      .describe(
        'Number or id of the version that is the latest one now, so that a repeated request does not go back twice.',
      ),
  })
  .register(components, { id: 'RollBackModelRequest' });
