/** What workers receive for their usage reports. */
import { requestContextOf } from '@xerotier/contracts/inference';
import type { RequestContext, WorkContext } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import { clientFleets } from '../test/client-fleet.ts';
import { fails, responds } from '../test/fake-fleet.ts';

const { newFleet, recordOf } = clientFleets();

const sealed: RequestContext[] = [];
const sealAccount = (context: RequestContext): string => `sealed_${sealed.push(context)}`;

afterEach(() => sealed.splice(0));

describe('accounting', () => {
  it('is sealed once for all choices of a request', async () => {
    const { run, workers } = await newFleet({ workers: { a: responds('x') }, sealAccount });
    const { response, requestId } = run({ n: 3, user: 'user-1' }, { endUser: 'user-1' });
    await response.ended;
    const received = workers['a']?.received ?? [];
    const record = await recordOf(requestId);
    const [{ accounting }] = received as unknown as [WorkContext];
    expect(received.map((work) => ({ accounting: work.accounting, attempt: work.attempt }))).toEqual(
      Array(3).fill({ accounting, attempt: 1 }),
    );
    const startedAt = accounting?.startedAt ?? 0;
    expect(accounting).toEqual({
      account: 'sealed_1',
      kind: 'chat.completion',
      streamed: true,
      choices: 3,
      startedAt,
      deadlineAt: startedAt + 600_000,
    });
    expect(Math.abs(startedAt - record.startedAt)).toBeLessThan(1_000);
    expect(sealed).toMatchObject([{ ...requestContextOf(record), endUser: 'user-1' }]);
  });

  it('numbers the attempts of a choice', async () => {
    const failing = fails(new AppError('inference.engine_failed'));
    const { run, workers } = await newFleet({ workers: { a: failing, b: responds('x') }, sealAccount });
    await run().response.ended;
    expect(workers['a']?.received).toMatchObject([{ attempt: 1, accounting: { account: 'sealed_1' } }]);
    expect(workers['b']?.received).toMatchObject([{ attempt: 2, accounting: { account: 'sealed_1' } }]);
  });

  it('is also sent when no router is available', async () => {
    const { run, workers } = await newFleet({
      workers: { a: responds('x') },
      router: 'absent',
      shared: true,
      sealAccount,
    });
    await run().response.ended;
    expect(workers['a']?.received).toMatchObject([{ attempt: 1, accounting: { account: 'sealed_1' } }]);
  });

  it('is absent where nobody seals', async () => {
    const { run, workers } = await newFleet({ workers: { a: responds('x') } });
    await run().response.ended;
    expect(workers['a']?.received[0]).not.toHaveProperty('accounting');
  });
});

describe('a usage record', () => {
  it('says whether a choice reported no usage', async () => {
    const { run, workers } = await newFleet({ workers: { a: responds('x') } });
    const reported = run();
    await reported.response.ended;
    expect(await recordOf(reported.requestId)).not.toHaveProperty('estimated');
    const worker = workers['a'];
    if (worker !== undefined) worker.script = fails(new AppError('inference.engine_failed'), 3);
    const failed = run();
    await failed.response.ended;
    expect(await recordOf(failed.requestId)).toMatchObject({ estimated: true, outcome: 'failed' });
  });
});
