import type { Access, EndpointAccess } from '@xerotier/contracts/auth';
import { modelCallContext } from '@xerotier/contracts/inference';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { markAsLine } from './batch-line.ts';
import { modelCallContextOf } from './caller.ts';
import type { Caller } from './caller.ts';

const endpoint = {
  id: '0b7c9a52-51f1-4f4e-9d31-3b6c1d2f4a10',
  slug: 'chat',
  modelId: 'tiny-1',
  tier: 'free',
  timeouts: { requestTimeoutSeconds: 30, idleTimeoutSeconds: null },
} as EndpointAccess;
const caller: Caller = {
  requestId: 'req_1',
  access: { keyId: 'key_1', project: { id: 'proj_1', slug: 'demo' } } as Access,
  endpoint,
  latencyTargets: { timeToFirstTokenMs: 500 },
  requestedServiceTier: 'flex',
  endUser: 'user-1',
};
const model = { id: 'tiny-1', name: 'tiny', ownedBy: 'xerotier', contextTokens: 2_048, createdAt: 0 };

describe('modelCallContextOf', () => {
  const request = (): IncomingMessage => new IncomingMessage(new Socket());

  it('has everything that a call needs, and can be sent', () => {
    const context = modelCallContextOf(caller, request(), model);
    expect(context).toEqual({
      requestId: 'req_1',
      projectId: 'proj_1',
      endpointId: endpoint.id,
      keyId: 'key_1',
      tier: 'free',
      modelId: 'tiny-1',
      modelName: 'tiny',
      contextTokens: 2_048,
      priority: 'interactive',
      latencyTargets: { timeToFirstTokenMs: 500 },
      requestedServiceTier: 'flex',
      endUser: 'user-1',
      timeouts: endpoint.timeouts,
    });
    expect(modelCallContext.parse(JSON.parse(JSON.stringify(context)))).toEqual(context);
  });

  it('names an unknown model by its id', () => {
    const context = modelCallContextOf(caller, request(), undefined);
    expect(context.modelName).toBe('tiny-1');
    expect(modelCallContext.parse(context).contextTokens).toBeUndefined();
  });

  it('has the priority of batches for their lines', () => {
    const line = request();
    const ignore = (): void => undefined;
    markAsLine(line, { keyId: 'key_1', record: ignore, placed: ignore, counted: ignore });
    expect(modelCallContextOf(caller, line, model).priority).toBe('batch');
  });
});
