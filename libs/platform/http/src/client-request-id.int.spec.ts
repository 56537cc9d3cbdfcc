import { errorOf, thingsApp } from '../test/things-app.ts';

const things = thingsApp();

describe("the client's own id of a request", () => {
  const clientRequestIdOf = async (headers: Record<string, string>): Promise<unknown> => {
    const response = await fetch(`${things.url}/things/1`, { headers });
    expect(response.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
    return ((await response.json()) as { context: { clientRequestId?: string } }).context.clientRequestId;
  };

  it.each(['x-client-request-id', 'x-request-id', 'X-Request-Id'])('is taken from %s, and logged', async (name) => {
    const longest = `${'~'.repeat(510)} a`;
    expect([await clientRequestIdOf({ [name]: 'mine' }), await clientRequestIdOf({ [name]: longest })]).toEqual([
      'mine',
      longest,
    ]);
    expect((await things.accessLines(2)).map(({ clientRequestId }) => clientRequestId)).toEqual(['mine', longest]);
  });

  it('is that of X-Client-Request-Id where there are both', async () => {
    expect(await clientRequestIdOf({ 'x-request-id': 'theirs', 'x-client-request-id': 'mine' })).toBe('mine');
  });

  it('is none where there is none, and where a proxy wrote something else into X-Request-ID', async () => {
    for (const headers of [
      {},
      { 'x-request-id': '' },
      { 'x-request-id': 'x'.repeat(513) },
      { 'x-request-id': 'a\tb' },
      { 'x-request-id': '\u00e9' },
    ])
      expect(await clientRequestIdOf(headers as Record<string, string>)).toBeUndefined();
  });

  it.each(['x'.repeat(513), 'a\tb', '\u00e9'])(
    'that does not fit (%#) is refused, and logged without it',
    async (id) => {
      const response = await fetch(`${things.url}/things/1`, { headers: { 'x-client-request-id': id } });
      expect([response.status, await errorOf(response)]).toMatchObject([
        400,
        { code: 'invalid_request', param: 'X-Client-Request-Id' },
      ]);
      expect(response.headers.get('x-request-id')).toMatch(/^req_/);
      const [line] = await things.accessLines(1);
      expect(line).toMatchObject({ status: 400, errorCode: 'request.invalid' });
      expect(line).not.toHaveProperty('clientRequestId');
    },
  );
});
