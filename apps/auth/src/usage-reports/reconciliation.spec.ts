import { emptyUsage } from '@xerotier/contracts/inference';
import type { AccountingContext, TokenUsage } from '@xerotier/contracts/inference';
import { reconcile } from './reconciliation.ts';
import type { Finding, LedgerEntry, Generation } from './reconciliation.ts';

const STARTED_AT = 1_000_000;
const DEADLINE_AT = STARTED_AT + 600_000;
const RECEIVED_AT = STARTED_AT + 10_000;
const GRACE_MS = 60_000;

const usageOf = (completionTokens: number, overrides: Partial<TokenUsage> = {}): TokenUsage => ({
  ...emptyUsage(),
  promptTokens: 7,
  cachedTokens: 2,
  completionTokens,
  ...overrides,
});

function generation(overrides: Partial<Generation> = {}): Generation {
  return {
    choiceIndex: 0,
    attempt: 1,
    outcome: 'completed',
    callerLost: false,
    begun: true,
    usage: usageOf(5),
    endedAt: STARTED_AT + 3_000,
    ...overrides,
  };
}

const lost = { outcome: 'failed', callerLost: true } as const;

function context(overrides: Partial<AccountingContext> = {}): AccountingContext {
  return {
    requestId: 'req_1',
    projectId: 'proj_1',
    endpointId: '0b7c9a52-51f1-4f4e-9d31-3b6c1d2f4a10',
    keyId: 'key_1',
    modelId: 'tiny',
    tier: 'free',
    priority: 'interactive',
    endUser: 'user-1',
    kind: 'chat.completion',
    streamed: true,
    startedAt: STARTED_AT,
    deadlineAt: DEADLINE_AT,
    choices: 1,
    ...overrides,
  };
}

interface Given {
  readonly generations: readonly Generation[];
  readonly about?: Partial<AccountingContext>;
  readonly entry?: LedgerEntry;
  readonly now?: number;
}

const AFTER_GRACE = RECEIVED_AT + GRACE_MS;
/** The deadline as auth can know it: the clock of the gateway may be another one. */
const AFTER_DEADLINE = RECEIVED_AT + (DEADLINE_AT - STARTED_AT) + GRACE_MS;

function find({ generations, about, entry, now = AFTER_GRACE }: Given): Finding {
  return reconcile({ context: context(about), generations, receivedAt: RECEIVED_AT }, entry, now, GRACE_MS);
}

const recorded = (usage: TokenUsage, overrides: Partial<LedgerEntry> = {}): LedgerEntry => ({
  usage,
  source: 'gateway',
  estimated: false,
  ...overrides,
});

describe('a request without a row in the ledger', () => {
  it('gets one from its reports', () => {
    expect(find({ generations: [generation(lost)] })).toEqual({
      kind: 'missing',
      record: {
        requestId: 'req_1',
        projectId: 'proj_1',
        endpointId: '0b7c9a52-51f1-4f4e-9d31-3b6c1d2f4a10',
        keyId: 'key_1',
        modelId: 'tiny',
        tier: 'free',
        priority: 'interactive',
        endUser: 'user-1',
        kind: 'chat.completion',
        streamed: true,
        startedAt: STARTED_AT,
        usage: usageOf(5),
        outcome: 'failed',
        durationMs: 3_000,
        timeToFirstTokenMs: null,
      },
    });
  });

  const choices = (...parts: Partial<Generation>[]): Generation[] =>
    parts.map((part, choiceIndex) => generation({ choiceIndex, ...part }));

  it.each<[string, Given, number]>([
    ['its caller was lost in mid-stream', { generations: [generation(lost)] }, AFTER_GRACE],
    [
      'its caller was lost in mid-stream, and all choices are reported',
      { generations: choices({}, lost), about: { choices: 2 } },
      AFTER_GRACE,
    ],
    [
      'its caller was lost in mid-stream, and a choice was not reported',
      { generations: choices(lost), about: { choices: 2 } },
      AFTER_DEADLINE,
    ],
    ['all choices are completed', { generations: choices({}, {}), about: { choices: 2 } }, AFTER_GRACE],
    ['a choice was not reported', { generations: choices({}), about: { choices: 2 } }, AFTER_DEADLINE],
    ['an attempt failed, and may be repeated', { generations: [generation({ outcome: 'failed' })] }, AFTER_DEADLINE],
    [
      'its caller was lost before the first data, and may have sent it elsewhere',
      { generations: [generation({ ...lost, begun: false })] },
      AFTER_DEADLINE,
    ],
    [
      'its caller was lost and can repeat it',
      { generations: [generation(lost)], about: { kind: 'embedding' } },
      AFTER_DEADLINE,
    ],
    [
      'a later attempt is known',
      { generations: [generation(lost), generation({ attempt: 2, outcome: 'failed' })] },
      AFTER_DEADLINE,
    ],
  ])('is due in time when %s', (_, given, dueAt) => {
    expect(find({ ...given, now: dueAt - 1 })).toEqual({ kind: 'wait', until: dueAt });
    expect(find({ ...given, now: dueAt })).toMatchObject({ kind: 'missing' });
  });

  it('counts the last attempt of each choice, and the prompt once', () => {
    const generations = [
      generation({ choiceIndex: 1, usage: usageOf(4) }),
      generation({ attempt: 2, usage: usageOf(3), outcome: 'completed' }),
      generation({ attempt: 1, usage: usageOf(100, { promptTokens: 50 }), outcome: 'failed' }),
    ];
    expect(find({ generations, about: { choices: 2 } })).toMatchObject({
      record: { usage: usageOf(7), outcome: 'completed' },
    });
  });

  it.each<[string, Partial<Generation>[], string]>([
    ['completed', [{}, {}], 'completed'],
    ['cancelled', [{}, { outcome: 'cancelled' }], 'cancelled'],
    ['failed', [{ outcome: 'cancelled' }, { outcome: 'failed' }], 'failed'],
    ['failed', [{}], 'failed'],
  ])('is %s when its choices are %j', (_, parts, outcome) => {
    const generations = choices(...parts);
    expect(find({ generations, about: { choices: 2 }, now: AFTER_DEADLINE })).toMatchObject({ record: { outcome } });
  });

  it('says that a usage is missing', () => {
    const generations = [generation({ usage: null, outcome: 'failed' })];
    expect(find({ generations, now: AFTER_DEADLINE })).toMatchObject({
      record: { usage: emptyUsage(), estimated: true },
    });
  });

  it('has no negative duration when the clocks differ', () => {
    const generations = [generation({ ...lost, endedAt: STARTED_AT - 5_000 })];
    expect(find({ generations })).toMatchObject({ record: { durationMs: 0 } });
  });
});

describe('a request with a row in the ledger', () => {
  it.each<[string, Given, string, number]>([
    ['equal', { generations: [generation()], entry: recorded(usageOf(5)) }, 'matched', 0],
    ['less', { generations: [generation()], entry: recorded(usageOf(4)), now: AFTER_DEADLINE }, 'drift', 1],
    ['more', { generations: [generation()], entry: recorded(usageOf(7)), now: AFTER_DEADLINE }, 'drift', 2],
    [
      'other cached tokens',
      { generations: [generation()], entry: recorded(usageOf(5, { cachedTokens: 0 })), now: AFTER_DEADLINE },
      'drift',
      2,
    ],
    [
      'more, with a choice that was not reported',
      { generations: [generation()], about: { choices: 2 }, entry: recorded(usageOf(9)), now: AFTER_DEADLINE },
      'unreported',
      0,
    ],
    [
      'less, with a choice that was not reported',
      { generations: [generation()], about: { choices: 2 }, entry: recorded(usageOf(1)), now: AFTER_DEADLINE },
      'drift',
      4,
    ],
    ['an estimate', { generations: [generation()], entry: recorded(usageOf(3), { estimated: true }) }, 'estimated', 0],
  ])('is compared: %s', (_, given, result, driftTokens) => {
    expect(find(given)).toEqual({ kind: 'compared', result, driftTokens });
  });

  it('waits for further reports before it is called drift', () => {
    expect(find({ generations: [generation()], entry: recorded(usageOf(9)), now: AFTER_DEADLINE - 1 })).toEqual({
      kind: 'wait',
      until: AFTER_DEADLINE,
    });
  });
});
