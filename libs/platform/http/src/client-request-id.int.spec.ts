import { errorOf, thingsApp } from '../test/things-app.ts';

const things = thingsApp();

describe('the client request id', () => {
  const clientRequestIdOf = async (headers: Record<string, string>): Promise<unknown> => {
    const response = await fetch(`${things.url}/things/1`, { headers });
    expect(response.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
    return ((await response.json()) as { context: { clientRequestId?: string } }).context.clientRequestId;
  };

  it.each(['x-client-request-id', 'x-request-id', 'X-Request-Id'])('is read from %s and logged', async (name) => {
    const longest = `${'~'.repeat(510)} a`;
    expect([await clientRequestIdOf({ [name]: 'mine' }), await clientRequestIdOf({ [name]: longest })]).toEqual([
      'mine',
      longest,
    ]);
    expect((await things.accessLines(2)).map(({ clientRequestId }) => clientRequestId)).toEqual(['mine', longest]);
  });

  it('prefers X-Client-Request-Id to X-Request-ID', async () => {
    expect(await clientRequestIdOf({ 'x-request-id': 'theirs', 'x-client-request-id': 'mine' })).toBe('mine');
  });

  it('is undefined when absent, and when X-Request-ID is invalid', async () => {
    for (const headers of [
      {},
      { 'x-request-id': '' },
      { 'x-request-id': 'x'.repeat(513) },
      { 'x-request-id': 'a\tb' },
      { 'x-request-id': '\u00e9' },
    ])
      expect(await clientRequestIdOf(headers as Record<string, string>)).toBeUndefined();
  });

  it.each(['x'.repeat(513), 'a\tb', '\u00e9'])('is rejected when invalid (%#), and not logged', async (id) => {
    const response = await fetch(`${things.url}/things/1`, { headers: { 'x-client-request-id': id } });
    expect([response.status, await errorOf(response)]).toMatchObject([
      400,
      { code: 'invalid_request', param: 'X-Client-Request-Id' },
    ]);
    expect(response.headers.get('x-request-id')).toMatch(/^req_/);
    const [line] = await things.accessLines(1);
    expect(line).toMatchObject({ status: 400, errorCode: 'request.invalid' });
    expect(line).not.toHaveProperty('clientRequestId');
  });
});
