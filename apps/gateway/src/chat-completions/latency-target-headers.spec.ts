import { latencyTargetsOf } from './latency-target-headers.ts';

describe('latencyTargetsOf', () => {
  it('parses both headers, or either of them', () => {
    expect(latencyTargetsOf({ 'x-slo-ttft-ms': '500', 'x-slo-tpot-ms': '50' })).toEqual({
      timeToFirstTokenMs: 500,
      timePerOutputTokenMs: 50,
    });
    expect(latencyTargetsOf({ 'x-slo-ttft-ms': '1' })).toEqual({ timeToFirstTokenMs: 1 });
    expect(latencyTargetsOf({ 'x-slo-tpot-ms': '86400000' })).toEqual({ timePerOutputTokenMs: 86_400_000 });
  });

  it('returns undefined without the headers', () => {
    expect(latencyTargetsOf({})).toBeUndefined();
  });

  it.each(['', '0', '-1', '1.5', '1e3', 'fast', '86400001', ' 5', '500, 600'])(
    'rejects %j and names the header',
    (text) => {
      expect(() => latencyTargetsOf({ 'x-slo-tpot-ms': text })).toThrow(
        expect.objectContaining({ code: 'request.invalid', param: 'X-SLO-TPOT-Ms' }),
      );
    },
  );
});
