/** What can be done with contexts of responses, for the contract suite. */
import type { Operation } from './contract-operations.ts';

const COUNT = '/{project}/v1/responses/input_tokens';
const COMPACT = '/{project}/v1/responses/compact';
const body = { model: 'chat', input: 'Hello there' };

export function contextOperations(): Operation[] {
  return [
    { name: 'a count of input tokens', route: `POST ${COUNT}`, body, schema: 'TokenCountsResource' },
    {
      name: 'a count of input tokens of an endpoint',
      route: 'POST /{project}/tiny/v1/responses/input_tokens',
      body,
      schema: 'TokenCountsResource',
    },
    { name: 'a compaction', route: `POST ${COMPACT}`, body, schema: 'CompactResource' },
    {
      name: 'a compaction of an endpoint',
      route: 'POST /{project}/chat/v1/responses/compact',
      body,
      schema: 'CompactResource',
    },
  ];
}

export const contextErrors: readonly Operation[] = [
  { name: 'a count of nothing', route: `POST ${COUNT}`, body: { model: 'chat' }, status: 400, code: 'invalid_request' },
  {
    name: 'a compaction of nothing',
    route: `POST ${COMPACT}`,
    body: { model: 'chat' },
    status: 400,
    code: 'invalid_request',
  },
];
