import { capturedLog } from '@xerotier/log/testing';
import { lossReporter } from './loss-reporter.ts';

function newReporter(): {
  report: (error: unknown) => void;
  lines: () => Record<string, unknown>[];
  setNow: (ms: number) => void;
} {
  const { log, lines } = capturedLog();
  let nowMs = 0;
  return { report: lossReporter(log, () => nowMs), lines, setNow: (ms) => (nowMs = ms) };
}

describe('lossReporter', () => {
  it('logs connections that break together once', () => {
    const { report, lines } = newReporter();
    for (let connection = 0; connection < 10; connection += 1) report(new Error('terminated'));
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toMatchObject({ error: { message: 'terminated' } });
  });

  it('logs a connection that breaks later again', () => {
    const { report, lines, setNow } = newReporter();
    report(new Error('first'));
    setNow(5_000);
    report(new Error('second'));
    expect(lines()).toHaveLength(2);
  });
});
