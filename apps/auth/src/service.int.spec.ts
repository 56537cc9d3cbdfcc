import { runningAuth } from '../test/running-auth.ts';

const auth = runningAuth();

describe('the auth service', () => {
  it('is ready with its database and NATS', async () => {
    const { readiness } = auth.service;
    expect(Object.keys(readiness).sort()).toEqual(['database', 'nats']);
    for (const check of Object.values(readiness)) expect(await check()).toBe(true);
  });
});
