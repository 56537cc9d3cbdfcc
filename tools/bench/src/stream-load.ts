import { setTimeout as sleep } from 'node:timers/promises';
import { HttpConnection } from './http-connection.ts';
import { requestBytes } from './load-spec.ts';
import type { LoadTarget, StreamsResult, StreamsSpec } from './load-spec.ts';
import { ProblemList } from './problem-list.ts';
import { tokenTexts } from './script.ts';
import { percentiles } from './statistics.ts';
import { StreamChecker } from './stream-checker.ts';

/** The last tokens of a stream are read as they arrive, so that its total time is exact. */
const unpausedTokens = 3;

/** Reads paced streams concurrently, and checks every frame of each. */
export async function runStreams(target: LoadTarget, spec: StreamsSpec, timeoutMs: number): Promise<StreamsResult> {
  const run = new StreamRun(target, spec);
  const connections = Array.from({ length: spec.concurrency }, () => new HttpConnection(target));
  await openAll(connections, run.problems);
  const startedAtMs = performance.now();
  await Promise.all(connections.map((connection, index) => run.follow(connection, index, timeoutMs)));
  const durationMs = performance.now() - startedAtMs;
  for (const connection of connections) connection.close();
  const [firstTokenP50Ms = Number.NaN, firstTokenP99Ms = Number.NaN] = percentiles(run.firstTokensMs, [50, 99]);
  const [totalP50Ms = Number.NaN, totalP99Ms = Number.NaN] = percentiles(run.totalsMs, [50, 99]);
  return {
    kind: 'streams',
    streams: spec.concurrency * spec.streamsEach,
    failed: run.failed,
    peakConcurrency: run.peakConcurrency,
    frames: run.frames,
    tokens: run.tokens,
    lostTokens: spec.concurrency * spec.streamsEach * spec.tokens - run.tokens,
    durationMs,
    firstTokenP50Ms,
    firstTokenP99Ms,
    totalP50Ms,
    totalP99Ms,
    problems: run.problems.texts,
  };
}

/** Connects in small groups, so that no accept queue overflows. A stream retries a connection that fails here. */
async function openAll(connections: HttpConnection[], problems: ProblemList): Promise<void> {
  for (let index = 0; index < connections.length; index += 50) {
    const group = connections.slice(index, index + 50);
    await Promise.all(
      group.map((connection) => connection.open().catch((error: Error) => problems.add(`connect: ${error.message}`))),
    );
  }
}

class StreamRun {
  readonly #spec: StreamsSpec;
  readonly #request: Buffer;
  readonly #expected: string[];
  readonly problems = new ProblemList();
  readonly firstTokensMs: number[] = [];
  readonly totalsMs: number[] = [];
  failed = 0;
  frames = 0;
  tokens = 0;
  peakConcurrency = 0;
  #open = 0;

  constructor(target: LoadTarget, spec: StreamsSpec) {
    this.#spec = spec;
    this.#request = requestBytes(target, spec);
    this.#expected = tokenTexts(spec.tokens);
  }

  async follow(connection: HttpConnection, index: number, timeoutMs: number): Promise<void> {
    await sleep((index * this.#spec.rampMs) / this.#spec.concurrency);
    for (let stream = 0; stream < this.#spec.streamsEach; stream += 1) {
      const timeout = setTimeout(() => connection.close(`no end within ${timeoutMs} ms`), timeoutMs);
      await this.#one(connection);
      clearTimeout(timeout);
    }
  }

  #one(connection: HttpConnection): Promise<void> {
    const { readPauseMs, delayMs } = this.#spec;
    const sentAtMs = performance.now();
    let status = 0;
    const checker = new StreamChecker(this.#expected, () => this.firstTokensMs.push(performance.now() - sentAtMs));
    this.peakConcurrency = Math.max(this.peakConcurrency, ++this.#open);
    return new Promise((resolve) => {
      const settle = (problem?: string): void => {
        this.#open -= 1;
        this.#settle(checker, performance.now() - sentAtMs, problem);
        resolve();
      };
      connection.send(this.#request, {
        head: (received) => {
          status = received;
        },
        body: (part) => {
          checker.push(part);
          const begun = checker.remaining < this.#expected.length;
          const pausableMs = begun ? (checker.remaining - unpausedTokens) * delayMs : 0;
          connection.readPauseMs = Math.max(0, Math.min(readPauseMs, pausableMs));
        },
        end: () => settle(status === 200 ? undefined : `status ${status}`),
        failed: (error) => settle(error.message),
      });
    });
  }

  #settle(checker: StreamChecker, totalMs: number, problem: string | undefined): void {
    const verdict = checker.finish();
    this.frames += verdict.frames;
    this.tokens += verdict.tokens;
    if (problem === undefined && verdict.ok) {
      this.totalsMs.push(totalMs);
      return;
    }
    this.failed += 1;
    this.problems.add([problem, ...verdict.problems].filter((text) => text !== undefined).join('; '));
  }
}
