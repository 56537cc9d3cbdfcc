/** Responses that run while a test breaks something, each with a reader that continues where it was cut off. */
import { eventually } from '@xerotier/testing';
import { createParser } from 'eventsource-parser';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { numberedTokens, scripted } from './api-client.ts';
import { isChaos } from './chaos.ts';
import { Ledger } from './ledger.ts';
import type { TestPlatform } from './test-platform.ts';
import type { UsageReportWatch } from './usage-reports.ts';

const READ_AGAIN_MS = 150;
const END_TIMEOUT_MS = isChaos ? 240_000 : 60_000;
const ENDINGS = ['response.completed', 'response.incomplete', 'response.failed'];

interface Item {
  readonly id: string;
  readonly status: string;
  readonly content: readonly { readonly text: string }[];
}

interface ResponseObject {
  readonly id: string;
  readonly status: string;
  readonly output: readonly Item[];
}

export interface SeenEvent {
  readonly type: string;
  readonly sequence_number: number;
  readonly item_id?: string;
  readonly delta?: string;
  readonly response?: ResponseObject;
}

export type RunKind = 'background' | 'streamed background' | 'streamed';

interface Run {
  readonly kind: RunKind;
  readonly requestId: string;
  readonly tokens: number;
  /** What its reader has received, in that order. */
  readonly seen: SeenEvent[];
  /** Undefined for a client that has lost its connection before the first event. */
  id: string | undefined;
  /** Resolves when its first connection has ended. */
  firstRead: Promise<void>;
  /** Closes it. */
  readonly connection: AbortController;
}

/** @returns what is wrong with all events of one response. */
export function faultsOf(events: readonly SeenEvent[]): string[] {
  const faults = events.flatMap(({ sequence_number: number }, at) => (number === at ? [] : [`${number} at ${at}`]));
  const ends = events.flatMap(({ type }, at) => (ENDINGS.includes(type) ? [at] : []));
  if (ends.length !== 1 || ends[0] !== events.length - 1) faults.push(`ends at ${ends.join()} of ${events.length}`);
  const texts = new Map<string, string>();
  for (const { type, item_id: id = '', delta = '' } of events)
    if (type === 'response.output_text.delta') texts.set(id, (texts.get(id) ?? '') + delta);
  for (const { id, content } of events.at(-1)?.response?.output ?? [])
    if (texts.get(id) !== content.map(({ text }) => text).join('')) faults.push(`item ${id} differs from its deltas`);
  if (texts.size !== events.at(-1)?.response?.output.length) faults.push('other items than in the output');
  return faults;
}

export class ResponseRuns {
  readonly #test: TestPlatform;
  #runs: Run[] = [];

  constructor(test: TestPlatform) {
    this.#test = test;
  }

  async begin(kind: RunKind, count: number, { tokens, delayMs }: { tokens: number; delayMs: number }): Promise<void> {
    const started = await Promise.all(Array.from({ length: count }, () => this.#start(kind, tokens, delayMs)));
    this.#runs.push(...started);
  }

  /** Waits until every reader has some events. */
  async progress(count: number): Promise<void> {
    const readers = this.#runs.filter(({ kind }) => kind !== 'background');
    await eventually('every response has text', () => readers.every(({ seen }) => seen.length >= count), 60_000);
  }

  /** All clients lose their first connections. @returns how many had not read all. */
  disconnect(): number {
    const reading = this.#runs.filter(({ kind, seen }) => kind !== 'background' && !hasEnded(seen));
    for (const { connection } of reading) connection.abort();
    return reading.length;
  }

  /** Waits for the end of all, and expects that nothing is lost, and nothing is there or charged twice. */
  async expectComplete(reports: UsageReportWatch): Promise<void> {
    await Promise.all(this.#runs.map((run) => this.#readToEnd(run)));
    const found = await Promise.all(this.#runs.map((run) => this.#check(run)));
    expect(found.flat()).toEqual([]);
    expect(await this.#ledgerFaults(reports)).toEqual([]);
    this.#runs = [];
  }

  async #start(kind: RunKind, tokens: number, delayMs: number): Promise<Run> {
    const { messages } = scripted({ tokens, delayMs }) as { messages: [{ content: string }] };
    const streams = kind !== 'background';
    const connection = new AbortController();
    const response = await fetch(`${this.#test.api.endpointUrl}/responses`, {
      method: 'POST',
      signal: connection.signal,
      headers: { ...this.#headers, 'content-type': 'application/json' },
      body: JSON.stringify({
        ...{ model: 'scripted', input: messages[0].content, background: kind !== 'streamed', stream: streams },
        ...(streams && { stream_options: { include_obfuscation: false } }),
      }),
    });
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    const requestId = response.headers.get('x-request-id') as string;
    const run: Run = { kind, requestId, tokens, seen: [], id: undefined, firstRead: Promise.resolve(), connection };
    if (streams) run.firstRead = this.#receive(response, run);
    else run.id = ((await response.json()) as ResponseObject).id;
    return run;
  }

  get #headers(): Record<string, string> {
    return { authorization: `Bearer ${this.#test.description.apiKey}` };
  }

  async #receive(response: Response, run: Pick<Run, 'seen' | 'id'>): Promise<void> {
    const parser = createParser({
      onEvent: ({ data, event }) => {
        // An error is of the connection; the response goes on.
        if (data === '[DONE]' || event === 'error') return;
        const seen = JSON.parse(data) as SeenEvent;
        run.seen.push(seen);
        run.id ??= seen.response?.id;
      },
    });
    const decoder = new TextDecoder();
    try {
      for await (const bytes of response.body as ReadableStream<Uint8Array>)
        parser.feed(decoder.decode(bytes, { stream: true }));
    } catch {
      // Something was killed, or the client was disconnected.
    }
  }

  /** Reads on after the last event, as often as it takes. */
  async #readToEnd(run: Run): Promise<void> {
    await run.firstRead;
    if (run.kind === 'background' || run.id === undefined) return;
    const until = performance.now() + END_TIMEOUT_MS;
    while (!hasEnded(run.seen)) {
      if (performance.now() > until) throw new Error(`${run.id} has not ended: ${JSON.stringify(run.seen.at(-1))}`);
      await this.#readOn(run.id, run);
      await delay(READ_AGAIN_MS);
    }
  }

  async #readOn(id: string, run: Pick<Run, 'seen' | 'id'>): Promise<void> {
    const last = run.seen.at(-1)?.sequence_number;
    const after = last === undefined ? '' : `&starting_after=${last}`;
    try {
      const response = await fetch(
        `${this.#test.api.endpointUrl}/responses/${id}?stream=true&include_obfuscation=false${after}`,
        { headers: this.#headers },
      );
      if (response.status === 200) await this.#receive(response, run);
    } catch {
      // The gateway is away.
    }
  }

  async #check(run: Run): Promise<string[]> {
    const { id, kind, tokens, seen } = run;
    if (id === undefined) return [];
    const response = await eventually(`${id} has ended`, () => this.#ended(id), END_TIMEOUT_MS);
    const faults: string[] = [];
    if (kind !== 'streamed' || response.status === 'completed') {
      if (response.status !== 'completed') faults.push(`is ${response.status}`);
      const text = response.output
        .at(-1)
        ?.content.map((part) => part.text)
        .join('');
      if (text !== numberedTokens(tokens)) faults.push(`has the text ${text}`);
    } else if (response.status !== 'failed') faults.push(`is ${response.status}`);
    if (kind !== 'background') {
      const again: Pick<Run, 'seen' | 'id'> = { seen: [], id };
      await this.#readOn(id, again);
      faults.push(...faultsOf(again.seen));
      // The client of a lost process may have seen more than was stored; the others have not.
      const lost = kind === 'streamed' && response.status === 'failed';
      faults.push(...differences(seen, again.seen, lost));
    }
    return faults.map((fault) => `${kind} ${id}: ${fault}`);
  }

  async #ended(id: string): Promise<ResponseObject | undefined> {
    const response = await fetch(`${this.#test.api.endpointUrl}/responses/${id}`, { headers: this.#headers });
    if (response.status !== 200) return undefined;
    const object = (await response.json()) as ResponseObject;
    return object.status === 'queued' || object.status === 'in_progress' ? undefined : object;
  }

  /** Each call of a model has one row, with what its worker has reported, and the last one has all tokens. */
  async #ledgerFaults(reports: UsageReportWatch): Promise<string[]> {
    const isOurs = (requestId: string): boolean =>
      this.#runs.some((run) => requestId === run.requestId || requestId.startsWith(`${run.requestId}-`));
    const reported = reports.requestIds.filter(isOurs);
    const ledger = new Ledger(this.#test.description.databaseUrl);
    await ledger.settled(reported, END_TIMEOUT_MS);
    const faults: string[] = [];
    let calls = 0;
    for (const run of this.#runs) {
      if (run.id === undefined) continue;
      const ids = await this.#callsOf(run.id, run.requestId);
      calls += ids.length - (run.kind === 'streamed' ? 0 : 1);
      const rows = await ledger.rowsWithSource(ids);
      const twice = rows.filter((row, at) => rows.findIndex((other) => other.request_id === row.request_id) !== at);
      faults.push(...twice.map((row) => `${row.request_id} is billed twice`));
      const completed = rows.filter(({ outcome }) => outcome === 'completed');
      if (run.kind !== 'streamed' && completed.at(-1)?.completion_tokens !== run.tokens)
        faults.push(`${run.requestId} is billed for ${JSON.stringify(rows)}`);
      // Reports are missed while NATS is down, so that more may be billed.
      const computed = sum(ids.flatMap((id) => reports.of(id)).map(({ usage }) => usage?.completionTokens ?? 0));
      const billed = sum(rows.map((row) => row.completion_tokens));
      if (billed < computed && !rows.some((row) => row.estimated))
        faults.push(`${run.requestId} is billed for ${billed} tokens of ${computed}`);
      for (const row of rows) {
        if (row.estimated || !reported.includes(row.request_id)) continue;
        const { completionTokens } = reports.usageOf(row.request_id);
        if (row.completion_tokens !== completionTokens)
          faults.push(`${row.request_id}: ${row.completion_tokens} tokens instead of ${completionTokens}`);
      }
    }
    process.stdout.write(`responses: ${this.#runs.length}, taken ${calls} times, ${reported.length} calls reported\n`);
    return faults;
  }

  /** The ids of all calls that there may be: one for each process that has taken the response. */
  async #callsOf(id: string, requestId: string): Promise<string[]> {
    const client = new pg.Client({ connectionString: this.#test.description.databaseUrl });
    await client.connect();
    try {
      const { rows } = await client.query<{ fence: number }>('SELECT fence FROM responses.response WHERE id = $1', [
        id,
      ]);
      const fence = rows[0]?.fence ?? 0;
      return [requestId, ...Array.from({ length: fence }, (_, at) => `${requestId}-${at + 1}`)];
    } finally {
      await client.end();
    }
  }
}

const hasEnded = (events: readonly SeenEvent[]): boolean => ENDINGS.includes(events.at(-1)?.type ?? '');

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

function differences(seen: readonly SeenEvent[], again: readonly SeenEvent[], mayHaveSeenMore: boolean): string[] {
  const common = mayHaveSeenMore ? Math.min(seen.length, again.length) - 2 : Math.max(seen.length, again.length);
  for (let at = 0; at < common; at += 1) {
    const [first, second] = [JSON.stringify(seen[at]), JSON.stringify(again[at])];
    if (first !== second) return [`event ${at} was ${first}, and is ${second}`];
  }
  return seen.flatMap(({ sequence_number: number }, at) =>
    number === at ? [] : [`its reader got ${number} at ${at}`],
  );
}
