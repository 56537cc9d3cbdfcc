import { modelCallContext } from './model-call-context.ts';
import type { ModelCallContext } from './model-call-context.ts';
import { placementContextOf, requestContext, requestContextOf, workContextOf } from './request-context.ts';

const required: ModelCallContext = {
  requestId: 'req_1',
  projectId: 'proj_1',
  endpointId: '0b7c9a52-51f1-4f4e-9d31-3b6c1d2f4a10',
  keyId: 'key_1',
  modelId: 'tiny-1',
  modelName: 'tiny',
  tier: 'free',
  priority: 'interactive',
};
const context: ModelCallContext = {
  ...required,
  contextTokens: 2_048,
  timeouts: { requestTimeoutSeconds: 30, idleTimeoutSeconds: null },
  requestedServiceTier: 'flex',
  latencyTargets: { timeToFirstTokenMs: 500 },
  endUser: 'user-1',
};

const sent = (value: object): unknown => JSON.parse(JSON.stringify(value));

describe('modelCallContext', () => {
  it.each([required, context])('arrives as it was sent', (value) => {
    expect(modelCallContext.parse(sent(value))).toEqual(value);
  });

  it('is sent to nobody else: router, worker and ledger get the request context only', () => {
    expect(requestContextOf(context)).toEqual(requestContext.parse(context));
    for (const part of [placementContextOf(context), workContextOf(context), requestContextOf(context)])
      for (const name of ['modelName', 'contextTokens', 'timeouts']) expect(part).not.toHaveProperty(name);
  });

  it.each([
    [{ requestId: 'req.1' }, 'requestId'],
    [{ endpointId: 'chat' }, 'endpointId'],
    [{ keyId: undefined }, 'keyId'],
    [{ priority: 'urgent' }, 'priority'],
    [{ modelName: '' }, 'modelName'],
    [{ modelName: 'm'.repeat(257) }, 'modelName'],
    [{ contextTokens: 0 }, 'contextTokens'],
    [{ timeouts: { requestTimeoutSeconds: 0 } }, 'timeouts.requestTimeoutSeconds'],
    [{ requestedServiceTier: 'scale' }, 'requestedServiceTier'],
    [{ endUser: 'u'.repeat(513) }, 'endUser'],
  ])('rejects %j', (change, field) => {
    const { error } = modelCallContext.safeParse(sent({ ...context, ...change }));
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual([field]);
  });
});
