/** Limits in Redis, shared by all gateways. Every method rejects if Redis is unavailable. */
import type { RedisClient } from '@xerotier/redis';
import { HOLD_MS, heldAmount, heldCost } from './limiter.ts';
import type { Allowance, Bucket, Charge, Hold, Limiter, LimitDecision } from './limiter.ts';
import { ADMIT_SCRIPT, RENEW_SCRIPT, SETTLE_SCRIPT } from './limit-scripts.ts';

type Argument = string | number;
type Reply = [rejectedBy: number, waitUs: string, ...allowances: [number, string, number, string]];

interface LimitCommands {
  limitsAdmit(keys: number, ...args: Argument[]): Promise<Reply>;
  limitsSettle(keys: number, ...args: Argument[]): Promise<number>;
  limitsRenew(keys: number, ...args: Argument[]): Promise<number>;
}

/** One pair of keys of the scripts. */
interface Account {
  readonly kind: 'rate' | 'key' | 'project';
  readonly key: string;
  /** What a hold takes; undefined if there is nothing to hold. */
  readonly amount: number | undefined;
  /** The arguments of the admission after the amount. */
  readonly limits: readonly Argument[];
}

const REJECTED_BY = [
  undefined,
  'requests',
  'tokens',
  'concurrency',
  'key_quota',
  'key_spend',
  'project_spend',
] as const;

export class RedisLimiter implements Limiter {
  readonly #redis: LimitCommands;
  readonly #nowUs: () => number | '';

  /** @param nowUs clock for tests. Default: the clock of Redis. */
  constructor(redis: RedisClient, nowUs: () => number | '' = () => '') {
    for (const [name, lua] of Object.entries({
      limitsAdmit: ADMIT_SCRIPT,
      limitsSettle: SETTLE_SCRIPT,
      limitsRenew: RENEW_SCRIPT,
    }))
      redis.defineCommand(name, { lua });
    this.#redis = redis as unknown as LimitCommands;
    this.#nowUs = nowUs;
  }

  async admit(bucket: Bucket, hold: Hold): Promise<LimitDecision> {
    const accounts = accountsOf(bucket, hold);
    const values = accounts.flatMap(({ kind, amount, limits }) => [kind, amount ?? 0, ...limits]);
    const keys = keysOf(accounts);
    const [rejectedBy, waitUs, requestsLeft, requestsResetUs, tokensLeft, tokensResetUs] =
      await this.#redis.limitsAdmit(keys.length, ...keys, this.#nowUs(), hold.id, HOLD_MS, ...values);
    const { requestsPerMinute, tokensPerMinute } = bucket.limits;
    return {
      rejectedBy: REJECTED_BY[rejectedBy],
      retryAfterMs: Math.ceil(Number(waitUs) / 1_000),
      requests: allowance(requestsPerMinute, requestsLeft, requestsResetUs),
      tokens: allowance(tokensPerMinute, tokensLeft, tokensResetUs),
    };
  }

  async settle(bucket: Bucket, hold: Hold, { tokens, costMicros }: Charge): Promise<void> {
    const accounts = heldAccountsOf(bucket, hold);
    if (accounts.length === 0) return;
    const keys = keysOf(accounts);
    const values = accounts.flatMap((account) => [
      account.kind,
      memberOf(account, hold),
      ...(account.kind === 'rate' ? [tokens, bucket.limits.tokensPerMinute ?? 0] : [costMicros, 0]),
    ]);
    await this.#redis.limitsSettle(keys.length, ...keys, this.#nowUs(), ...values);
  }

  async renew(bucket: Bucket, hold: Hold): Promise<void> {
    const accounts = heldAccountsOf(bucket, hold);
    if (accounts.length === 0) return;
    const keys = keysOf(accounts);
    const members = accounts.map((account) => memberOf(account, hold));
    await this.#redis.limitsRenew(keys.length, ...keys, this.#nowUs(), HOLD_MS, ...members);
  }
}

/** The accounts with limits. The hash tag keeps all keys of a project on the same node of a cluster, as a script requires. */
function accountsOf({ projectId, keyId, tier, limits, quota, spend }: Bucket, hold: Hold): Account[] {
  const { requestsPerMinute, tokensPerMinute, concurrencyMax, burstRequests } = limits;
  const prefix = `limits:{${projectId}}`;
  const accounts: Account[] = [];
  if (requestsPerMinute !== null || tokensPerMinute !== null || concurrencyMax !== null) {
    const amount = tokensPerMinute === null ? 0 : heldAmount(hold.tokens, tokensPerMinute);
    accounts.push({
      ...{ kind: 'rate', key: `${prefix}:${keyId}:${tier}` },
      amount: tokensPerMinute === null && concurrencyMax === null ? undefined : amount,
      limits: [requestsPerMinute ?? 0, tokensPerMinute ?? 0, concurrencyMax ?? 0, burstRequests ?? 0, ''],
    });
  }
  if (quota !== undefined || spend?.key !== undefined)
    accounts.push({
      ...{ kind: 'key', key: `${prefix}:${keyId}` },
      amount: spend?.key && heldCost(hold.costMicros),
      limits: [quota?.requests ?? 0, (quota?.windowSeconds ?? 0) * 1_000_000, ...spendLimitsOf(spend, 'key')],
    });
  if (spend?.project !== undefined)
    accounts.push({
      ...{ kind: 'project', key: prefix },
      amount: heldCost(hold.costMicros),
      limits: [0, 0, ...spendLimitsOf(spend, 'project')],
    });
  return accounts;
}

function spendLimitsOf(spend: Bucket['spend'], owner: 'key' | 'project'): [Argument, number, number] {
  const limit = spend?.[owner];
  return spend === undefined || limit === undefined
    ? ['', 0, 0]
    : [limit.capMicros, limit.spentMicros, spend.endsAt * 1_000];
}

function heldAccountsOf(bucket: Bucket, hold: Hold): Account[] {
  return accountsOf(bucket, hold).filter(({ amount }) => amount !== undefined);
}

function memberOf({ amount }: Account, { id }: Hold): string {
  return `${id}:${amount}`;
}

function keysOf(accounts: readonly Account[]): string[] {
  return accounts.flatMap(({ key }) => [key, `${key}:holds`]);
}

function allowance(limit: number | null, remaining: number, resetUs: string): Allowance | null {
  return limit === null ? null : { limit, remaining, resetMs: Math.ceil(Number(resetUs) / 1_000) };
}
