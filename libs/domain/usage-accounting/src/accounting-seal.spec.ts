import type { AccountingContext } from '@xerotier/contracts/inference';
import { newDataKey, seal, UnsealError } from '@xerotier/sealing';
import { createSecretKey } from 'node:crypto';
import { openAccounting, sealAccounting } from './accounting-seal.ts';

const key = newDataKey();
const keyObject = createSecretKey(key);
const context: AccountingContext = {
  requestId: 'req_1',
  projectId: 'proj_TEST000001',
  endpointId: '0b7c9a52-51f1-4f4e-9d31-3b6c1d2f4a10',
  keyId: 'key_1',
  modelId: 'tiny',
  tier: 'free',
  priority: 'interactive',
  endUser: 'é'.repeat(512),
  kind: 'chat.completion',
  streamed: true,
  startedAt: 1_795_132_800_000,
  deadlineAt: 1_795_133_400_000,
  choices: 2,
};

describe('sealAccounting', () => {
  it('is opened with the same key and request', () => {
    expect(openAccounting([key], sealAccounting(keyObject, context), 'req_1')).toEqual(context);
  });

  it('is opened with the previous key during a rotation', () => {
    expect(openAccounting([newDataKey(), key], sealAccounting(keyObject, context), 'req_1')).toEqual(context);
  });

  it('does not show its content', () => {
    const sealed = Buffer.from(sealAccounting(keyObject, context), 'base64url');
    expect(sealed.includes('proj_TEST000001')).toBe(false);
  });

  it.each([
    ['for another request', () => openAccounting([key], sealAccounting(keyObject, context), 'req_2')],
    ['with another key', () => openAccounting([newDataKey()], sealAccounting(keyObject, context), 'req_1')],
    ['when it is no sealed data', () => openAccounting([key], 'aaaa', 'req_1')],
    ['when it is truncated', () => openAccounting([key], sealAccounting(keyObject, context).slice(0, -4), 'req_1')],
    [
      'when its content does not fit',
      () =>
        openAccounting([key], seal(key, '{"requestId":"req_1"}', ['usage', 'req_1']).toString('base64url'), 'req_1'),
    ],
  ])('is not opened %s', (_, opening) => {
    expect(opening).toThrow(UnsealError);
  });

  it('fits into the field of a message with the longest end user', () => {
    const sealed = sealAccounting(keyObject, { ...context, endUser: '\u0001'.repeat(512) });
    expect(sealed.length).toBeLessThan(8_192);
  });
});
