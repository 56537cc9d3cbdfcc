/**
 * All clients of responses lose their connections at once, and read on at once, as when a proxy in front of the gateway restarts: none
 * of them misses an event. As many responses run as one process runs, the others are queued. `npm run test:chaos` has ten times as many.
 */
import { scriptedPlatform } from '@xerotier/dev';
import { isChaos } from './support/chaos.ts';
import { ResponseRuns } from './support/response-runs.ts';
import { dedicatedPlatform } from './support/test-platform.ts';
import { UsageReportWatch } from './support/usage-reports.ts';

/** The default of `RESPONSES_BACKGROUND_MAX`. */
const RUNNING = 64;
const COUNT = isChaos ? 1_000 : 100;
/** Creating all at once is not what is tested. */
const BATCH = 36;
/** They run until all clients have lost their connections. */
const LONG = { tokens: isChaos ? 90 : 20, delayMs: 1_000 };
const SHORT = { tokens: 20, delayMs: 50 };
const TIMEOUT_MS = isChaos ? 1_200_000 : 300_000;

const test = dedicatedPlatform(() => scriptedPlatform({ workers: 2, slots: RUNNING }));
const runs = new ResponseRuns(test);

it(
  `${COUNT} streams are resumed at once`,
  async () => {
    const reports = await UsageReportWatch.connect(test.description.natsUrl);
    await runs.begin('streamed background', RUNNING, LONG);
    for (let begun = RUNNING; begun < COUNT; begun += BATCH) await runs.begin('streamed background', BATCH, SHORT);
    // Created, and queued.
    await runs.progress(2);
    // On a slow machine, the first ones may have ended.
    const disconnected = runs.disconnect();
    expect(disconnected).toBeGreaterThan(COUNT / 4);
    const begun = performance.now();
    await runs.expectComplete(reports);
    const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
    process.stdout.write(
      `many-readers: ${disconnected} streams read on, and all once more from the beginning, in ${seconds} s\n`,
    );
    await reports.close();
  },
  TIMEOUT_MS,
);
