/** Stored completions, for the contract suite. */
import { scripted } from './api-client.ts';
import type { Operation } from './contract-operations.ts';

const CHAT = 'POST /{project}/chat/v1/chat/completions';
const body = { ...scripted({ tokens: 3 }), store: true, metadata: { topic: 'news' } };

/** At the base URLs of the endpoint and of the project, each with a stored completion as setup. */
export function storedCompletionOperations(): Operation[] {
  const setup = { route: CHAT, body };
  const bases = [
    ['an endpoint', '/{project}/chat/v1/chat/completions'],
    ['a project', '/{project}/v1/chat/completions'],
  ] as const;
  return bases.flatMap(([of, path]): Operation[] => [
    { name: `stored completions of ${of}`, route: `GET ${path}`, setup, schema: 'ChatCompletionList' },
    {
      name: `a page of the stored completions of ${of}`,
      route: `GET ${path}?limit=1&order=desc&metadata[topic]=news`,
      setup,
      schema: 'ChatCompletionList',
    },
    {
      name: `a stored completion of ${of}`,
      route: `GET ${path}/{id}`,
      setup,
      schema: 'CreateChatCompletionResponse',
    },
    {
      ...{
        name: `events of a stored completion of ${of} that was not streamed`,
        route: `GET ${path}/{id}?stream=true`,
      },
      ...{ setup, status: 400, code: 'invalid_request', schema: 'ErrorResponse' as const },
    },
    {
      name: `messages of a stored completion of ${of}`,
      route: `GET ${path}/{id}/messages`,
      setup,
      schema: 'ChatCompletionMessageList',
    },
    {
      name: `new metadata of a stored completion of ${of}`,
      route: `POST ${path}/{id}`,
      setup,
      body: { metadata: { topic: 'sport' } },
      schema: 'CreateChatCompletionResponse',
    },
    {
      name: `deletion of a stored completion of ${of}`,
      route: `DELETE ${path}/{id}`,
      setup,
      schema: 'ChatCompletionDeleted',
    },
  ]);
}
