/** Responses, for the contract suite. */
import { scripted } from './api-client.ts';
import { contextErrors, contextOperations } from './context-operations.ts';
import type { Operation } from './contract-operations.ts';
import { withKey } from './file-operations.ts';
import type { Prepare } from './team-operations.ts';

const PROJECT = '/{project}/v1/responses';
const ENDPOINT = '/{project}/chat/v1/responses';
const none = `resp_${'0'.repeat(48)}`;

function textOf(script: Readonly<Record<string, unknown>>): string {
  const [message] = scripted(script).messages as [{ content: string }];
  return message.content;
}

const input = textOf({ tokens: 3 });
const cutOff = { input: textOf({ tokens: 99 }), max_output_tokens: 16 };
const newResponse = { model: 'chat', input };

/** A response in the background, whose model has no worker. */
const waiting: Prepare = async (...platform) => {
  const { user, key, send, values } = await withKey(...platform);
  const endpoint = { slug: 'idle', model: 'idle', tier: 'self_hosted' };
  await user.send('POST', `/${values['own']}/v1/management/endpoints`, endpoint);
  const id = await send('/responses', { model: 'idle', input, background: true, stream: false });
  return { user, key, values: { ...values, id } };
};

/** A whole response, and the events of a streamed one. */
function created(name: string, path: string, body: object): Operation[] {
  const route = `POST ${path}`;
  return [
    { name: `${name} at ${path}`, route, body, schema: 'Response' },
    {
      ...{ name: `${name} at ${path}, streamed`, route, schema: 'events', ending: 'done' },
      body: { ...body, stream: true },
    },
  ];
}

export function responseOperations(): Operation[] {
  return [
    ...contextOperations(),
    ...[PROJECT, ENDPOINT].flatMap((path): Operation[] => {
      const setup = { route: `POST ${path}`, body: newResponse };
      const inBackground = { route: `POST ${path}`, body: { ...newResponse, background: true } };
      return [
        ...created('a response', path, newResponse),
        ...created('a response cut off by max_output_tokens', path, { ...newResponse, ...cutOff }),
        { name: `a response in the background at ${path}`, ...inBackground, schema: 'Response' },
        {
          ...{ name: `events of a response in the background at ${path}`, route: `POST ${path}` },
          ...{ body: { ...inBackground.body, stream: true }, schema: 'events', ending: 'done' },
        },
        {
          ...{ name: `responses on a WebSocket, without one, at ${path}`, route: `GET ${path}` },
          ...{ status: 426, code: 'upgrade_required', schema: 'ErrorResponse' as const },
        },
        { name: `a response by its id at ${path}`, route: `GET ${path}/{id}`, setup, schema: 'Response' },
        {
          name: `input items of a response at ${path}`,
          route: `GET ${path}/{id}/input_items?limit=1&order=asc&include[]=message.input_image.image_url`,
          ...{ setup, schema: 'ResponseItemList' },
        },
        { name: `cancel of a response at ${path}`, route: `POST ${path}/{id}/cancel`, setup: inBackground },
        // OpenAI's document has no body for it.
        { name: `deletion of a response at ${path}`, route: `DELETE ${path}/{id}`, setup },
      ];
    }),
    {
      ...{ name: 'a response that fails', route: `POST ${PROJECT}`, schema: 'events', ending: 'done' },
      body: { model: 'chat', input: textOf({ tokens: 9, failAfter: 2 }), stream: true },
    },
    { name: 'a cancelled response', route: 'POST /{own}/v1/responses/{id}/cancel', prepare: waiting },
  ];
}

const setup = { route: `POST ${PROJECT}`, body: newResponse };

export const responseErrors: readonly Operation[] = [
  ...contextErrors,
  {
    name: 'a response without input',
    ...{ route: `POST ${PROJECT}`, body: { model: 'chat' }, status: 400, code: 'invalid_request' },
  },
  {
    name: 'a response that continues from an unknown one',
    ...{ route: `POST ${PROJECT}`, body: { ...newResponse, previous_response_id: none } },
    ...{ status: 400, code: 'previous_response_not_found' },
  },
  {
    name: 'a response in an unknown conversation',
    ...{ route: `POST ${PROJECT}`, body: { ...newResponse, conversation: 'conv_none' } },
    ...{ status: 404, code: 'conversation_not_found' },
  },
  {
    name: 'a response with a reference to an unknown item',
    ...{ route: `POST ${PROJECT}`, body: { ...newResponse, input: [{ type: 'item_reference', id: 'msg_0' }] } },
    ...{ status: 404, code: 'item_not_found' },
  },
  {
    name: 'cancel of a synchronous response',
    route: `POST ${PROJECT}/{id}/cancel`,
    setup,
    status: 400,
    code: 'invalid_request',
  },
  {
    name: 'events of a response without them',
    route: `GET ${PROJECT}/{id}?stream=true`,
    setup,
    status: 400,
    code: 'invalid_request',
  },
  { name: 'an unknown response', route: `GET ${PROJECT}/${none}`, status: 404, code: 'response_not_found' },
  {
    name: 'input of an unknown response',
    route: `GET ${PROJECT}/${none}/input_items`,
    status: 404,
    code: 'response_not_found',
  },
  {
    name: 'cancel of an unknown response',
    route: `POST ${PROJECT}/${none}/cancel`,
    status: 404,
    code: 'response_not_found',
  },
  {
    name: 'deletion of an unknown response',
    route: `DELETE ${PROJECT}/${none}`,
    status: 404,
    code: 'response_not_found',
  },
];
