import type { FastifyRequest } from 'fastify';
import { changeContextOf } from './change-context.ts';

function aRequest(headers: Record<string, string | string[]> = {}): FastifyRequest {
  return {
    ...{ id: 'req_1', ip: '203.0.113.7', headers },
    access: { keyId: 'key_1', scopes: ['management'], project: { id: 'proj_1', slug: 'demo' }, endpoints: [] },
  } as unknown as FastifyRequest;
}

describe('changeContextOf', () => {
  it('states who makes the change, and from where', () => {
    expect(changeContextOf(aRequest())).toEqual({
      projectId: 'proj_1',
      actor: { kind: 'api_key', id: 'key_1' },
      clientAddress: '203.0.113.7',
      requestId: 'req_1',
    });
  });

  it('states the user of a session', () => {
    const request = {
      ...{ id: 'req_1', ip: '203.0.113.7', headers: {} },
      session: { account: { id: 'user_1' }, session: { id: 'sess_1' } },
      memberAccess: { role: 'owner', project: { id: 'proj_1', slug: 'demo' }, endpoints: [] },
    } as unknown as FastifyRequest;
    expect(changeContextOf(request)).toMatchObject({ projectId: 'proj_1', actor: { kind: 'user', id: 'user_1' } });
  });

  it.each(['a', '5a1f0f5e-6a1b-4a55-9f43-6f0a8f7f2d10', 'with a space', 'x'.repeat(255)])(
    'accepts the Idempotency-Key %j',
    (key) => {
      expect(changeContextOf(aRequest({ 'idempotency-key': key }))).toMatchObject({ idempotencyKey: key });
    },
  );

  it.each([[''], [' '], ['a '], [' a'], ['é'], ['a\tb'], ['x'.repeat(256)], [['a', 'b']]])(
    'rejects the Idempotency-Key %j',
    (key) => {
      expect(() => changeContextOf(aRequest({ 'idempotency-key': key }))).toThrow(
        expect.objectContaining({ code: 'request.invalid', param: 'Idempotency-Key' }),
      );
    },
  );
});
