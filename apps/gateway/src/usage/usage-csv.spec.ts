import { text } from 'node:stream/consumers';
import type { PublicUsageEvent } from './public-usage.ts';
import { usageCsv } from './usage-csv.ts';

function anEvent(overrides: Partial<PublicUsageEvent> = {}): PublicUsageEvent {
  return {
    ...{ id: 'req_1', object: 'usage.event', kind: 'chat.completion', started_at: 1_764_460_800 },
    ...{ endpoint: 'chat', endpoint_id: 'e', key_id: 'key_1', model: 'tiny', model_id: 'm', tier: 'free' },
    ...{ priority: 'interactive', requested_service_tier: null, end_user: null, outcome: 'completed', streamed: false },
    ...{ input_tokens: 10, cached_tokens: 4, output_tokens: 20, reasoning_tokens: 0 },
    ...{ accepted_prediction_tokens: 0, rejected_prediction_tokens: 0, cost_micros: 28, price_version: 1 },
    ...{ latency_ms: 5, ttft_ms: null },
    ...overrides,
  };
}

async function* rowsOf(...events: PublicUsageEvent[]): AsyncGenerator<PublicUsageEvent> {
  yield* events;
}

const HEADER =
  'id,started_at,kind,endpoint,endpoint_id,key_id,model,model_id,tier,priority,requested_service_tier,end_user,outcome,streamed,input_tokens,cached_tokens,output_tokens,reasoning_tokens,accepted_prediction_tokens,rejected_prediction_tokens,cost_micros,price_version,latency_ms,ttft_ms\r\n';

describe('usageCsv', () => {
  it('has a header and a line per row', async () => {
    expect(await text(usageCsv(rowsOf(anEvent(), anEvent({ id: 'req_2' }))))).toBe(
      `${HEADER}req_1,2025-11-30T00:00:00.000Z,chat.completion,chat,e,key_1,tiny,m,free,interactive,,,completed,false,10,4,20,0,0,0,28,1,5,\r\n` +
        'req_2,2025-11-30T00:00:00.000Z,chat.completion,chat,e,key_1,tiny,m,free,interactive,,,completed,false,10,4,20,0,0,0,28,1,5,\r\n',
    );
  });

  it('has a header without rows', async () => {
    expect(await text(usageCsv(rowsOf()))).toBe(HEADER);
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])('does not let %j be a formula', async (endUser) => {
    expect(await text(usageCsv(rowsOf(anEvent({ end_user: endUser }))))).toContain(`'${endUser}`);
  });

  it('quotes delimiters, quotes and line breaks', async () => {
    expect(await text(usageCsv(rowsOf(anEvent({ end_user: 'a,"b"\nc' }))))).toContain(',"a,""b""\nc",');
  });

  it('reads rows no faster than it is read, and none after it is closed', async () => {
    let [produced, isEnded] = [0, false];
    async function* endless(): AsyncGenerator<PublicUsageEvent> {
      try {
        for (;;) {
          produced += 1;
          yield anEvent();
        }
      } finally {
        isEnded = true;
      }
    }
    const csv = usageCsv(endless());
    for await (const _ of csv) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isEnded).toBe(true);
    expect(produced).toBeLessThan(1_000);
  });

  it('fails with its rows', async () => {
    async function* failing(): AsyncGenerator<PublicUsageEvent> {
      yield anEvent();
      throw new Error('no more');
    }
    await expect(text(usageCsv(failing()))).rejects.toThrow('no more');
  });
});
