/** What workers receive for their usage reports. */
import { requestContextOf } from '@xerotier/contracts/inference';
import type { RequestContext, RequestFacts } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import { clientFleets } from '../test/client-fleet.ts';
import { fails, responds } from '../test/fake-fleet.ts';
import type { SealAccounting } from './accounting.ts';

const { newFleet, recordOf } = clientFleets();

const sealed: (RequestContext & RequestFacts)[] = [];
const sealAccounting: SealAccounting = (context, facts) => `sealed_${sealed.push({ ...context, ...facts })}`;

afterEach(() => sealed.splice(0));

describe('accounting', () => {
  it('is sealed once for all choices of a request', async () => {
    const { run, workers } = await newFleet({ workers: { a: responds('x') }, sealAccounting });
    const { response, requestId } = run({ n: 3, user: 'user-1' }, { endUser: 'user-1' });
    await response.ended;
    const received = workers['a']?.received ?? [];
    const record = await recordOf(requestId);
    expect(received.map(({ accounting, attempt }) => ({ accounting, attempt }))).toEqual(
      Array(3).fill({ accounting: 'sealed_1', attempt: 1 }),
    );
    const [{ startedAt, ...facts }] = sealed as unknown as [RequestFacts];
    expect(Math.abs(startedAt - record.startedAt)).toBeLessThan(1_000);
    expect(facts).toMatchObject({
      ...requestContextOf(record),
      ...{ endUser: 'user-1', kind: 'chat.completion', streamed: true, choices: 3, deadlineAt: startedAt + 600_000 },
    });
  });

  it('numbers the attempts of a choice', async () => {
    const failing = fails(new AppError('inference.engine_failed'));
    const { run, workers } = await newFleet({ workers: { a: failing, b: responds('x') }, sealAccounting });
    await run().response.ended;
    expect(workers['a']?.received).toMatchObject([{ attempt: 1, accounting: 'sealed_1' }]);
    expect(workers['b']?.received).toMatchObject([{ attempt: 2, accounting: 'sealed_1' }]);
  });

  it('is also sent when no router is available', async () => {
    const { run, workers } = await newFleet({
      workers: { a: responds('x') },
      router: 'absent',
      shared: true,
      sealAccounting,
    });
    await run().response.ended;
    expect(workers['a']?.received).toMatchObject([{ attempt: 1, accounting: 'sealed_1' }]);
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
