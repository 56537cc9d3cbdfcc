import { setTimeout as sleep } from 'node:timers/promises';
import { HttpConnection } from './http-connection.ts';
import type { ResponseHandler } from './http-connection.ts';
import { requestBytes } from './load-spec.ts';
import type { LoadTarget, RequestsResult, RequestsSpec } from './load-spec.ts';
import { ProblemList } from './problem-list.ts';
import { tokenTexts } from './script.ts';
import { percentiles } from './statistics.ts';

/** Closed loop: every connection sends its next request as soon as its response is complete. */
export async function runRequests(target: LoadTarget, spec: RequestsSpec, timeoutMs: number): Promise<RequestsResult> {
  const run = new RequestRun(target, spec);
  const clients = Array.from({ length: spec.connections }, () => new Client(new HttpConnection(target), run));
  const startedAtMs = performance.now();
  run.endsAtMs = startedAtMs + spec.durationMs;
  for (const client of clients) client.next();
  await sleep(spec.durationMs);
  const latestMs = performance.now() + timeoutMs;
  while (clients.some((client) => client.busy) && performance.now() < latestMs) await sleep(5);
  for (const client of clients) client.close(`no response within ${timeoutMs} ms`);
  const [p50Ms = Number.NaN, p99Ms = Number.NaN] = percentiles(run.latenciesMs, [50, 99]);
  return {
    kind: 'requests',
    requests: run.latenciesMs.length,
    failed: run.problems.count,
    durationMs: spec.durationMs,
    requestsPerSecond: (run.latenciesMs.length * 1_000) / spec.durationMs,
    p50Ms,
    p99Ms,
    problems: run.problems.texts,
  };
}

class RequestRun {
  readonly request: Buffer;
  readonly expected: string;
  readonly expectedBytes: Buffer;
  readonly latenciesMs: number[] = [];
  readonly problems = new ProblemList();
  endsAtMs = 0;

  constructor(target: LoadTarget, spec: RequestsSpec) {
    this.request = requestBytes(target, spec);
    this.expected = tokenTexts(spec.tokens).join('');
    const field = spec.responses === undefined ? 'content' : 'text';
    this.expectedBytes = Buffer.from(`"${field}":${JSON.stringify(this.expected)}`);
  }

  /** Returns what is wrong with a response, if anything. Most are accepted without parsing. */
  problemOf(status: number, body: Buffer): string | undefined {
    const good = status === 200 && (body.includes(this.expectedBytes) || contentOf(body) === this.expected);
    return good ? undefined : `status ${status}: ${body.toString('utf8', 0, 200)}`;
  }
}

class Client implements ResponseHandler {
  readonly #connection: HttpConnection;
  readonly #run: RequestRun;
  #sentAtMs = 0;
  #status = 0;
  #body: Buffer[] = [];
  busy = false;

  constructor(connection: HttpConnection, run: RequestRun) {
    this.#connection = connection;
    this.#run = run;
  }

  next(): void {
    this.busy = true;
    this.#body = [];
    this.#sentAtMs = performance.now();
    this.#connection.send(this.#run.request, this);
  }

  close(reason: string): void {
    this.#connection.close(reason);
  }

  head(status: number): void {
    this.#status = status;
  }

  body(part: Buffer): void {
    this.#body.push(Buffer.from(part));
  }

  end(): void {
    const nowMs = performance.now();
    const [first] = this.#body;
    const body = this.#body.length === 1 && first !== undefined ? first : Buffer.concat(this.#body);
    const problem = this.#run.problemOf(this.#status, body);
    if (problem !== undefined) this.#run.problems.add(problem);
    else if (nowMs <= this.#run.endsAtMs) this.#run.latenciesMs.push(nowMs - this.#sentAtMs);
    this.#again(nowMs, problem !== undefined);
  }

  failed(error: Error): void {
    this.#run.problems.add(error.message);
    this.#again(performance.now(), true);
  }

  #again(nowMs: number, afterFailure: boolean): void {
    this.busy = false;
    if (nowMs >= this.#run.endsAtMs) return;
    this.busy = true;
    // Without a pause, a server that rejects everything would be hit in a loop that starves all timers.
    if (afterFailure) setTimeout(() => this.next(), 10);
    else this.next();
  }
}

function contentOf(body: Buffer): unknown {
  try {
    const completion = JSON.parse(body.toString()) as { choices?: { message?: { content?: unknown } }[] };
    return completion.choices?.[0]?.message?.content;
  } catch {
    return undefined;
  }
}
