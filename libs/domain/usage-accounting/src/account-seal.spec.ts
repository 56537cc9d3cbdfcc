import type { RequestContext } from '@xerotier/contracts/inference';
import { newDataKey, seal, UnsealError } from '@xerotier/sealing';
import fc from 'fast-check';
import { createSecretKey } from 'node:crypto';
import { AccountSealer, openAccount } from './account-seal.ts';

const key = newDataKey();
const START = 1_795_132_800_000;
let now = START;
beforeEach(() => (now = START));

const newSealer = (): AccountSealer => new AccountSealer(createSecretKey(key), () => now);

const account = {
  projectId: 'proj_TEST000001',
  endpointId: '0b7c9a52-51f1-4f4e-9d31-3b6c1d2f4a10',
  keyId: 'key_1',
  modelId: 'tiny',
  tier: 'free',
  endUser: 'é'.repeat(512),
};
const context: RequestContext = { ...account, requestId: 'req_1', priority: 'interactive' };

describe('AccountSealer', () => {
  it('seals the account alone, to be opened with the same key', () => {
    expect(openAccount([key], newSealer().seal(context), START)).toEqual(account);
  });

  it('is opened with the previous key during a rotation', () => {
    expect(openAccount([newDataKey(), key], newSealer().seal(context), START)).toEqual(account);
  });

  it('does not show its content', () => {
    const sealed = Buffer.from(newSealer().seal(context), 'base64url');
    expect(sealed.includes('proj_TEST000001')).toBe(false);
  });

  it('shares a seal between the requests of an account for half a minute', () => {
    const sealer = newSealer();
    const first = sealer.seal(context);
    now += 29_999;
    expect(sealer.seal({ ...context, requestId: 'req_2', priority: 'batch' })).toBe(first);
    now += 1;
    const next = sealer.seal(context);
    expect(next).not.toBe(first);
    expect(openAccount([key], next, now)).toEqual(account);
  });

  it('seals anew when the clock was set back', () => {
    const sealer = newSealer();
    sealer.seal(context);
    now -= 3_600_000;
    expect(openAccount([key], sealer.seal(context), now)).toEqual(account);
  });

  it('distinguishes all accounts, whatever clients choose', () => {
    const text = fc.oneof(fc.constantFrom('', 'undefined', 'null', ' ', 'user x', '{}'), fc.string());
    const targets = fc.record({ timeToFirstTokenMs: fc.integer({ min: 1, max: 3 }) }, { requiredKeys: [] });
    const contexts = fc.record(
      {
        ...{ requestId: fc.constant('req_1'), priority: fc.constant('interactive' as const) },
        ...{ projectId: fc.constantFrom('proj_A', 'proj_B'), endpointId: fc.constant(account.endpointId) },
        ...{ keyId: fc.constantFrom('key_1', 'key_2'), modelId: fc.constantFrom('tiny', 'tiny-2') },
        ...{ tier: fc.constantFrom('free', 'cpu'), requestedServiceTier: fc.constantFrom('flex', 'default') },
        ...{ latencyTargets: targets, endUser: text },
      },
      { requiredKeys: ['requestId', 'priority', 'projectId', 'endpointId', 'keyId', 'modelId', 'tier'] },
    ) as fc.Arbitrary<RequestContext>;
    fc.assert(
      fc.property(fc.array(contexts, { maxLength: 8 }), (requests) => {
        const sealer = newSealer();
        for (const request of requests) {
          const { requestId: _requestId, priority: _priority, ...expected } = request;
          expect(openAccount([key], sealer.seal(request), START)).toEqual(expected);
        }
      }),
    );
  });

  it('is bounded', () => {
    const sealer = newSealer();
    const first = sealer.seal(context);
    for (let i = 0; i < 10_000; i += 1) sealer.seal({ ...context, endUser: `user-${i}` });
    expect(sealer.seal(context)).not.toBe(first);
  });

  it('fits into the field of a message with the longest end user', () => {
    expect(newSealer().seal({ ...context, endUser: '\u0001'.repeat(512) }).length).toBeLessThan(8_192);
  });
});

describe('openAccount', () => {
  it.each([
    ['with another key', () => openAccount([newDataKey()], newSealer().seal(context), START)],
    ['when it is no sealed data', () => openAccount([key], 'aaaa', START)],
    ['when it is truncated', () => openAccount([key], newSealer().seal(context).slice(0, -4), START)],
    ['for a later request', () => openAccount([key], newSealer().seal(context), START + 90_001)],
    ['for an earlier request', () => openAccount([key], newSealer().seal(context), START - 60_001)],
    [
      'when its content does not fit',
      () => openAccount([key], seal(key, '{"account":{}}', ['usage account']).toString('base64url'), START),
    ],
  ])('rejects it %s', (_, opening) => {
    expect(opening).toThrow(UnsealError);
  });
});
