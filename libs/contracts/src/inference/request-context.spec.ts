import fc from 'fast-check';
import { routerContract } from '../router/index.ts';
import { workerContract } from '../xim/index.ts';
import { usageRecord } from './events.ts';
import {
  placementContext,
  placementContextOf,
  requestContext,
  requestContextOf,
  workContext,
  workContextOf,
} from './request-context.ts';
import type { RequestContext } from './request-context.ts';
import { addUsage, emptyUsage, tokenUsage } from './token-usage.ts';

const context: RequestContext = {
  requestId: 'req_1',
  projectId: 'proj_1',
  endpointId: '0b7c9a52-51f1-4f4e-9d31-3b6c1d2f4a10',
  keyId: 'key_1',
  modelId: 'tiny-1',
  tier: 'free',
  priority: 'interactive',
  requestedServiceTier: 'flex',
  latencyTargets: { timeToFirstTokenMs: 500 },
  endUser: 'user-1',
};

describe('request context', () => {
  it('is part of the usage record as a whole, without extra properties', () => {
    expect(requestContextOf({ ...context, onUsage: () => undefined } as RequestContext)).toEqual(context);
    expect(Object.keys(usageRecord.shape)).toEqual(expect.arrayContaining(Object.keys(requestContext.shape)));
  });

  it('is sent to the router without endpoint, key and end user', () => {
    const { endpointId: _endpoint, keyId: _key, endUser: _user, ...placement } = context;
    expect(placementContextOf(context)).toEqual(placement);
    expect(Object.keys(routerContract.operations.acquire.input.shape)).toEqual(
      expect.arrayContaining(Object.keys(placementContext.shape)),
    );
  });

  it('is sent to a worker with request, project and priority only', () => {
    expect(workContextOf(context)).toEqual({ requestId: 'req_1', projectId: 'proj_1', priority: 'interactive' });
    for (const { input } of Object.values(workerContract.operations))
      expect(Object.keys(input.shape)).toEqual(expect.arrayContaining(Object.keys(workContext.shape)));
  });

  it('omits fields without a value', () => {
    expect(Object.keys(placementContextOf({ ...context, latencyTargets: undefined }))).not.toContain('latencyTargets');
  });
});

describe('tokenUsage', () => {
  const count = fc.nat(1_000_000);
  const usage = fc.record({
    promptTokens: count,
    cachedTokens: count,
    completionTokens: count,
    reasoningTokens: count,
    acceptedPredictionTokens: count,
    rejectedPredictionTokens: count,
  });

  it('is added commutatively, with the empty usage as zero', () => {
    fc.assert(
      fc.property(usage, usage, (a, b) => {
        const sum = addUsage(a, b);
        expect(sum).toEqual(addUsage(b, a));
        expect(addUsage(a, emptyUsage())).toEqual(a);
        for (const name of Object.keys(tokenUsage.shape) as (keyof typeof a)[])
          expect(sum[name]).toBe(a[name] + b[name]);
      }),
    );
  });

  it('is a new object for each emptyUsage(), since engines mutate it', () => {
    const counted = emptyUsage();
    counted.promptTokens += 1;
    expect(emptyUsage().promptTokens).toBe(0);
  });
});
