/** Path parameters of all operations. */
import { z } from 'zod';
import { projectId, slug } from '../fields/ids.ts';
import type { OperationDefinition } from '../operation/define-operation.ts';
import { jsonFields } from './json-schemas.ts';
import type { Parameter } from './openapi-document.ts';

const baseParams = z.object({
  project: projectId.describe('The public id of a project: `proj_...`.'),
  endpoint: slug.describe('The slug of an endpoint of the project.'),
});

export function pathParameters(operations: readonly OperationDefinition[]): Record<string, Parameter> {
  const objects = [baseParams, ...operations.flatMap(({ params }) => params ?? [])];
  return Object.fromEntries(
    objects
      .flatMap(jsonFields)
      .map(({ name, schema: { description, ...schema } }) => [
        name,
        { name, in: 'path', required: true, description: String(description), schema },
      ]),
  );
}
