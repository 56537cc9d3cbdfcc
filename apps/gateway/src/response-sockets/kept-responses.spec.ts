import type { PublicResponse } from '@xerotier/public-api/responses';
import { createResponseRequest } from '@xerotier/public-api/responses';
import type { RequestedTurn } from '../responses/turns.service.ts';
import { KeptResponses } from './kept-responses.ts';

const streams = [{}, {}];
const [stream, other] = streams as [object, object];

function turnOf(fields: object): RequestedTurn {
  const request = createResponseRequest.parse({ model: 'm', store: false, ...fields });
  return { caller: {} as never, request, systemPrompt: undefined };
}

function responseOf(id: string, fields: Partial<PublicResponse> = {}): PublicResponse {
  const output = [{ id: `fc_${id}`, type: 'function_call', call_id: 'c', name: 'add', arguments: '{}' }];
  return { id, status: 'completed', store: false, output, ...fields } as PublicResponse;
}

let sut: KeptResponses;
beforeEach(() => {
  sut = new KeptResponses();
});

const continued = (id: string): RequestedTurn =>
  sut.continued(turnOf({ input: 'b', previous_response_id: id }), streams);
const isKept = (id: string): boolean => continued(id).kept !== undefined;

describe('a response that is kept', () => {
  it('is continued with its input and output, without ids', () => {
    sut.keep(stream, turnOf({ input: 'a' }), responseOf('resp_1'));
    const { request, kept } = continued('resp_1');
    expect(kept).toEqual({ items: 2 });
    expect(request.previous_response_id).toBe('resp_1');
    const text = (value: string): object => expect.objectContaining({ content: [{ type: 'input_text', text: value }] });
    const call = { type: 'function_call', call_id: 'c', name: 'add', arguments: '{}' };
    expect(request.input).toEqual([text('a'), call, text('b')]);
  });

  it('is kept with all of its chain, and what that has continued', () => {
    sut.keep(stream, turnOf({ input: 'a', previous_response_id: 'resp_stored' }), responseOf('resp_1'));
    sut.keep(stream, continued('resp_1'), responseOf('resp_2'));
    expect(continued('resp_2')).toMatchObject({
      ...{ kept: { items: 4, previousId: 'resp_stored' }, request: { input: { length: 5 } } },
    });
    expect(isKept('resp_1')).toBe(false);
  });

  it('is found on any stream of its WebSocket, and on no other', () => {
    sut.keep(other, turnOf({ input: 'a' }), responseOf('resp_1'));
    expect(isKept('resp_1')).toBe(true);
    const turn = turnOf({ previous_response_id: 'resp_1' });
    expect(sut.continued(turn, [{}])).toBe(turn);
  });

  it('is dropped by its id, with its stream, and never without an id', () => {
    sut.keep(stream, turnOf({ input: 'a' }), responseOf('resp_1'));
    sut.drop('resp_2', streams);
    sut.drop(undefined, streams);
    expect(isKept('resp_1')).toBe(true);
    sut.drop('resp_1', streams);
    expect(isKept('resp_1')).toBe(false);
    sut.keep(stream, turnOf({ input: 'a' }), responseOf('resp_1'));
    sut.dropAll(streams);
    expect(isKept('resp_1')).toBe(false);
  });
});

describe('a response that is not kept', () => {
  it.each<[string, object, Partial<PublicResponse>]>([
    ['is stored', {}, { store: true }],
    ['has failed', {}, { status: 'failed' }],
    ['is of a conversation', { conversation: 'conv_1' }, {}],
    ['is too large', { input: ['x'.repeat(9_000_000), 'x'.repeat(9_000_000)].map(userMessage) }, {}],
  ])('%s, and replaces the one before', (_, fields, response) => {
    sut.keep(stream, turnOf({ input: 'a' }), responseOf('resp_1'));
    sut.keep(stream, turnOf({ input: 'b', ...fields }), responseOf('resp_2', response));
    expect([isKept('resp_1'), isKept('resp_2')]).toEqual([false, false]);
  });

  it('was used least recently, if all together are too large', () => {
    const large = (): RequestedTurn => turnOf({ input: 'x'.repeat(10_000_000) });
    const all = Array.from({ length: 30 }, () => ({}));
    all.forEach((each, at) => sut.keep(each, large(), responseOf(`resp_${at}`)));
    const kept = all.map(
      (_, at) => sut.continued(turnOf({ previous_response_id: `resp_${at}` }), all).kept !== undefined,
    );
    expect(kept.indexOf(true)).toBeGreaterThan(0);
    expect(kept.lastIndexOf(false)).toBeLessThan(kept.indexOf(true));
  });
});

function userMessage(content: string): object {
  return { role: 'user', content };
}
