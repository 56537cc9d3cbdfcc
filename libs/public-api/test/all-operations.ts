/** All operations, including those of responses, which have no routes yet. */
import type { OperationDefinition } from '../src/operation/define-operation.ts';
import { operations as routedOperations } from '../src/operations/operations.ts';
import { responsesOperations } from '../src/responses/responses.api.ts';

export const operations: readonly OperationDefinition[] = [...new Set([...routedOperations, ...responsesOperations])];
