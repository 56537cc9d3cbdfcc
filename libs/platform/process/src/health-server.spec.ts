import { checkReadiness } from './health-server.ts';

describe('checkReadiness', () => {
  it('is ready when every check passes, synchronously or not', async () => {
    const checks = { now: () => true, later: () => Promise.resolve(true) };
    expect(await checkReadiness(checks)).toEqual({ ready: true, checks: { now: true, later: true } });
    expect(await checkReadiness({})).toEqual({ ready: true, checks: {} });
  });

  it.each<[string, () => boolean | Promise<boolean>]>([
    ['returns false', () => false],
    ['resolves to false', () => Promise.resolve(false)],
    ['rejects', () => Promise.reject(new Error('x'))],
    [
      'throws',
      () => {
        throw new Error('x');
      },
    ],
  ])('is not ready when one check %s, and still runs the others', async (_, bad) => {
    expect(await checkReadiness({ bad, good: () => true })).toEqual({
      ready: false,
      checks: { bad: false, good: true },
    });
  });
});
