/** The names in the templates of paths. */
import { projectId, slug } from '@xerotier/contracts/ids';
import { completionId } from '@xerotier/contracts/responses';
import { z } from 'zod';
import { jsonFields } from './json-schemas.ts';
import type { Parameter } from './openapi-document.ts';

const names = z.object({
  project: projectId.describe('The public id of a project: `proj_...`.'),
  endpoint: slug.describe('The slug of one of its endpoints.'),
  completion: completionId.describe('The `id` in an answer.'),
  model: z.string().describe("A model's name or id. Slashes in it may stay as they are."),
});

export function pathParameters(): Record<string, Parameter> {
  return Object.fromEntries(
    jsonFields(names).map(({ name, schema: { description, ...schema } }) => [
      name,
      { name, in: 'path', required: true, description: String(description), schema },
    ]),
  );
}
