/** Conversations and their items, for the contract suite. */
import type { Operation } from './contract-operations.ts';
import { withKey } from './file-operations.ts';
import type { Prepare } from './team-operations.ts';

const CONVERSATIONS = '/{project}/v1/conversations';
const hello = { type: 'message', role: 'user', content: 'Hello' };
const call = { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{}' };
const newConversation = { metadata: { topic: 'news' }, items: [hello, call] };
const setup = { route: `POST ${CONVERSATIONS}`, body: newConversation };
const none = `conv_${'0'.repeat(48)}`;

/** A conversation and one of its items. */
const withItem: Prepare = async (...platform) => {
  const prepared = await withKey(...platform);
  const endpoint = { slug: 'idle', model: 'idle', tier: 'self_hosted' };
  await prepared.user.send('POST', `/${prepared.values['own']}/v1/management/endpoints`, endpoint);
  const id = await prepared.send('/conversations', newConversation);
  const [url] = platform;
  const response = await fetch(`${url}/${prepared.values['own']}/v1/conversations/${id}/items`, {
    headers: { authorization: `Bearer ${prepared.key}` },
  });
  const { first_id: item } = (await response.json()) as { first_id: string };
  return { ...prepared, values: { ...prepared.values, id, item } };
};

export function conversationOperations(): Operation[] {
  return [
    ...[CONVERSATIONS, '/{project}/chat/v1/conversations'].flatMap(operationsAt),
    ...['/{own}', '/{own}/idle', ''].flatMap((base): Operation[] => {
      const item = `${base}/v1/conversations/{id}/items/{item}`;
      return [
        { name: `an item at ${base}/v1`, route: `GET ${item}`, prepare: withItem, schema: 'ConversationItem' },
        {
          name: `deletion of an item at ${base}/v1`,
          route: `DELETE ${item}`,
          prepare: withItem,
          schema: 'ConversationResource',
        },
      ];
    }),
  ];
}

function operationsAt(path: string): Operation[] {
  const one = `${path}/{id}`;
  const setup = { route: `POST ${path}`, body: newConversation };
  return [
    { name: `a conversation at ${path}`, ...setup, schema: 'ConversationResource' },
    { name: `an empty conversation at ${path}`, route: `POST ${path}`, body: {}, schema: 'ConversationResource' },
    // OpenAI has no such list.
    { name: `conversations at ${path}`, route: `GET ${path}`, setup },
    { name: `a page of conversations at ${path}`, route: `GET ${path}?limit=1&order=asc`, setup },
    { name: `a conversation by its id at ${path}`, route: `GET ${one}`, setup, schema: 'ConversationResource' },
    {
      name: `new metadata of a conversation at ${path}`,
      route: `POST ${one}`,
      setup,
      body: { metadata: { topic: 'sport' } },
      schema: 'ConversationResource',
    },
    {
      name: `deletion of a conversation at ${path}`,
      route: `DELETE ${one}`,
      setup,
      schema: 'DeletedConversationResource',
    },
    {
      name: `new items of a conversation at ${path}`,
      route: `POST ${one}/items?include[]=message.output_text.logprobs`,
      setup,
      body: { items: [hello, call] },
      schema: 'ConversationItemList',
    },
    {
      name: `one new item of a conversation at ${path}`,
      route: `POST ${one}/items`,
      setup,
      body: hello,
      schema: 'ConversationItemList',
    },
    { name: `items of a conversation at ${path}`, route: `GET ${one}/items`, setup, schema: 'ConversationItemList' },
    {
      name: `a page of items of a conversation at ${path}`,
      route: `GET ${one}/items?limit=1&order=asc&include=message.input_image.image_url`,
      setup,
      schema: 'ConversationItemList',
    },
  ];
}

export const conversationErrors: readonly Operation[] = [
  {
    name: 'an unknown conversation',
    route: `GET ${CONVERSATIONS}/${none}`,
    status: 404,
    code: 'conversation_not_found',
  },
  {
    name: 'an id that is not that of a conversation',
    route: `GET ${CONVERSATIONS}/resp_1`,
    status: 400,
    code: 'invalid_request',
  },
  {
    name: 'an unknown item',
    route: `GET ${CONVERSATIONS}/{id}/items/msg_0`,
    setup,
    status: 404,
    code: 'item_not_found',
  },
  {
    name: 'a reference to an unknown item',
    route: `POST ${CONVERSATIONS}`,
    body: { items: [{ type: 'item_reference', id: 'msg_0' }] },
    status: 404,
    code: 'item_not_found',
  },
  {
    name: 'an item of an unknown type',
    route: `POST ${CONVERSATIONS}/{id}/items`,
    setup,
    body: { items: [{ type: 'poem' }] },
    status: 400,
    code: 'invalid_request',
  },
];
