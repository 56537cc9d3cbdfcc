import { latencyTargetsOf } from './latency-target-headers.ts';

describe('latencyTargetsOf', () => {
  it('reads both headers, and either alone', () => {
    expect(latencyTargetsOf({ 'x-slo-ttft-ms': '500', 'x-slo-tpot-ms': '50' })).toEqual({
      timeToFirstTokenMs: 500,
      timePerOutputTokenMs: 50,
    });
    expect(latencyTargetsOf({ 'x-slo-ttft-ms': '1' })).toEqual({ timeToFirstTokenMs: 1 });
    expect(latencyTargetsOf({ 'x-slo-tpot-ms': '86400000' })).toEqual({ timePerOutputTokenMs: 86_400_000 });
  });

  it('has nothing to say when none was sent', () => {
    expect(latencyTargetsOf({})).toBeUndefined();
  });

  it.each(['', '0', '-1', '1.5', '1e3', 'fast', '86400001', ' 5', '500, 600'])(
    'refuses %j by the name of its header',
    (text) => {
      expect(() => latencyTargetsOf({ 'x-slo-tpot-ms': text })).toThrow(
        expect.objectContaining({ code: 'request.invalid', param: 'X-SLO-TPOT-Ms' }),
      );
    },
  );
});
