/** Responses that run in the background, and streams that are left and taken up again, with the official SDK. */
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import type OpenAI from 'openai';
import { Ledger } from './support/ledger.ts';
import { ResponsesClient, scriptedText } from './support/responses-client.ts';
import type { EventStream, ResponseEvent } from './support/responses-client.ts';
import { testPlatform } from './support/test-platform.ts';

type Created = OpenAI.Responses.Response;

const test = testPlatform(() => scriptedPlatform({ slots: 4 }));
/** Runs until it is cancelled. */
const ENDLESS = { input: scriptedText({ tokens: 100_000, delayMs: 20 }) };
const SLOW = { input: scriptedText({ tokens: 60, delayMs: 20 }) };

let client: ResponsesClient;
beforeEach(() => {
  client = new ResponsesClient(test.description, test.schema);
});

async function ended(id: string): Promise<Created> {
  return eventually('the response ends', async () => {
    const response = await client.retrieve(id);
    return response.status === 'queued' || response.status === 'in_progress' ? undefined : response;
  });
}

async function begun(id: string): Promise<void> {
  await eventually('the response begins', async () => (await client.retrieve(id)).status === 'in_progress');
}

describe('a response in the background', () => {
  it('is queued, and can be polled until it has ended', async () => {
    const created = await client.create({ input: scriptedText({ tokens: 4 }), background: true });
    expect(created).toMatchObject({ status: 'queued', output: [], background: true, usage: null, error: null });
    expect(created).toMatchObject({ completed_at: null, service_tier: 'self_hosted', truncation: 'disabled' });
    const response = await ended(created.id);
    expect(response).toMatchObject({
      ...{ status: 'completed', output_text: 'tok0 tok1 tok2 tok3 ', background: true, usage: { output_tokens: 4 } },
    });
    // Cancelling it changes nothing.
    expect(await client.cancel(created.id)).toMatchObject({ status: 'completed', output: response.output });
  });

  it('continues from another one, and is continued from once it has ended', async () => {
    const first = await client.create({ ...SLOW, background: true });
    await expect(client.create({ input: 'x', previous_response_id: first.id })).rejects.toMatchObject({
      ...{ status: 400, code: 'invalid_request', param: 'previous_response_id' },
    });
    await ended(first.id);
    const second = await client.create({
      ...{ input: scriptedText({ tokens: 1 }), background: true, previous_response_id: first.id },
    });
    expect((await ended(second.id)).usage?.input_tokens ?? 0).toBeGreaterThan(60);
  });

  it('is cancelled, once and again', async () => {
    const { id } = await client.create({ ...ENDLESS, background: true });
    await test.fleet.busyWorker();
    const cancelled = await client.cancel(id);
    expect(cancelled).toMatchObject({ status: 'cancelled', output: [], error: null, completed_at: null });
    expect(await client.cancel(id)).toEqual(cancelled);
    // The SDK adds the text to what it retrieves.
    expect(await client.retrieve(id)).toEqual({ ...cancelled, output_text: '' });
    await test.fleet.allIdle();
  });

  it('is cancelled while it is queued', async () => {
    const busy = await Promise.all(Array.from({ length: 4 }, () => client.create({ ...ENDLESS, background: true })));
    for (const { id } of busy) await begun(id);
    const { id } = await client.create({ ...ENDLESS, background: true });
    expect(await client.cancel(id)).toMatchObject({ status: 'cancelled', output: [] });
    for (const { id: running } of busy) await client.cancel(running);
    expect(await client.retrieve(id)).toMatchObject({ status: 'cancelled' });
    await test.fleet.allIdle();
  });

  it('that is synchronous cannot be cancelled', async () => {
    const { id } = await client.create({ input: scriptedText({ tokens: 1 }) });
    await expect(client.cancel(id)).rejects.toMatchObject({
      ...{ status: 400, code: 'invalid_request', message: '400 Cannot cancel a synchronous response.' },
    });
  });

  it('stops when it is deleted', async () => {
    const { id } = await client.create({ ...ENDLESS, background: true });
    await test.fleet.busyWorker();
    await client.openai.responses.delete(id);
    await expect(client.openai.responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
    await test.fleet.allIdle();
  });

  it.each([false, true])('runs with `store: false` too, streamed: %j', async (stream) => {
    const params = { input: scriptedText({ tokens: 2 }), background: true, store: false };
    const { id } = stream ? (await client.stream(params)).response : await client.create(params);
    expect(await ended(id)).toMatchObject({ status: 'completed', store: false, output_text: 'tok0 tok1 ' });
  });

  it('that was not streamed has no events', async () => {
    const { id } = await client.create({ input: scriptedText({ tokens: 1 }), background: true });
    await expect(client.resume(id)).rejects.toMatchObject({ status: 400, code: 'invalid_request' });
  });

  it('has the usage that the ledger has', async () => {
    const { response, requestId } = await client.createRaw({ input: scriptedText({ tokens: 3 }), background: true });
    const { usage } = await ended(response.id);
    const rows = await new Ledger(test.description.databaseUrl).settled([requestId]);
    expect(rows).toMatchObject([{ prompt_tokens: usage?.input_tokens, completion_tokens: usage?.output_tokens }]);
  });
});

describe('the stream of a response', () => {
  it('in the background goes on without its client, and is read again from any event', async () => {
    const stream = await client.open({ ...SLOW, background: true });
    const id = await client.untilText(stream);
    const live = await client.readAll(await client.resume(id));
    expect(live.events.map(({ type }) => type).slice(0, 3)).toEqual([
      ...['response.created', 'response.queued', 'response.in_progress'],
    ]);
    expect(live.response).toMatchObject({ status: 'completed', usage: { output_tokens: 60 } });
    const last = live.events.length - 1;
    for (const after of [0, 2, 17, last - 1]) {
      const rest = await client.readAll(await client.resume(id, after), after + 1);
      expect(withoutPadding(rest.events)).toEqual(withoutPadding(live.events.slice(after + 1)));
    }
    expect(await client.retrieve(id)).toEqual(live.response);
  });

  it('ends at once after its last event', async () => {
    const { events, response } = await client.stream({ input: scriptedText({ tokens: 2 }), background: true });
    const last = events.length - 1;
    const after = async (number: number): Promise<unknown[]> => {
      const rest: unknown[] = [];
      for await (const event of await client.resume(response.id, number)) rest.push(event);
      return rest;
    };
    expect(await after(last)).toEqual([]);
    // A client may have seen events that were lost with their process: it gets the end all the same.
    expect(await after(last + 7)).toMatchObject([{ type: 'response.completed', sequence_number: last + 8 }]);
  });

  it('is padded when it is read again, unless it should not be', async () => {
    const { response } = await client.stream({ input: scriptedText({ tokens: 2 }), background: true });
    const isPadded = async (query: object): Promise<boolean[]> => {
      const padded: boolean[] = [];
      const stream = await client.openai.responses.retrieve(response.id, { stream: true, ...query });
      for await (const event of stream as EventStream)
        if (event.type.endsWith('.delta')) padded.push('obfuscation' in event);
      return padded;
    };
    expect(await isPadded({})).toEqual([true, true]);
    expect(await isPadded({ include_obfuscation: true })).toEqual([true, true]);
    expect(await isPadded({ include_obfuscation: false })).toEqual([false, false]);
  });

  it('is read by two clients at once, from different events on', async () => {
    const { id } = await client.create({ ...SLOW, background: true, stream: false });
    await expect(client.resume(id)).rejects.toMatchObject({ status: 400 });
    const stream = await client.open({ ...SLOW, background: true });
    const streamed = await client.untilText(stream);
    const [all, some] = await Promise.all([
      client.resume(streamed).then((events) => client.readAll(events)),
      client.resume(streamed, 4).then((events) => client.readAll(events, 5)),
    ]);
    expect(withoutPadding(some.events)).toEqual(withoutPadding(all.events.slice(5)));
  });

  it('is read again while the client that created it reads it', async () => {
    const stream = await client.open(SLOW);
    let again: Promise<readonly ResponseEvent[]> | undefined;
    const events: ResponseEvent[] = [];
    for await (const event of stream) {
      events.push(event);
      if (event.type === 'response.output_text.delta' && again === undefined) {
        const { id } = (events[0] as { response: Created }).response;
        again = client.resume(id, 1).then(async (resumed) => (await client.readAll(resumed, 2)).events);
      }
    }
    expect(withoutPadding((await again) ?? [])).toEqual(withoutPadding(events.slice(2)));
  });

  it('ends with the failed event of the cancelled response', async () => {
    const stream = await client.open({ ...ENDLESS, background: true });
    const id = await client.untilText(stream);
    const following = client.resume(id).then((events) => client.readAll(events));
    await client.cancel(id);
    const { events, response } = await following;
    expect(events.at(-1)?.type).toBe('response.failed');
    expect(response).toMatchObject({ id, status: 'cancelled', error: null, output: [] });
  });

  it('with `x_detach` goes on without its client', async () => {
    const stream = await client.open({ ...SLOW, x_detach: true });
    const id = await client.untilText(stream);
    expect(await ended(id)).toMatchObject({ status: 'completed', usage: { output_tokens: 60 } });
    const { text } = await client.readAll(await client.resume(id));
    expect(text).toContain('tok0 tok1 ');
    expect(text).toMatch(/tok59 $/);
  });

  it('ends at once after its last event', async () => {
    const { events, response } = await client.stream({ input: scriptedText({ tokens: 2 }) });
    const { events: rest } = await client.readAll(
      await client.resume(response.id, events.length - 2),
      events.length - 1,
    );
    expect(rest).toEqual(events.slice(-1));
  });

  it.each([
    ['starting_after', '-1'],
    ['starting_after', 'x'],
    ['stream', 'perhaps'],
  ])('is rejected for an invalid %s: %s', async (name, value) => {
    const { id } = await client.create({ input: scriptedText({ tokens: 1 }) });
    const query = new URLSearchParams({ stream: 'true', [name]: value });
    const response = await fetch(`${test.description.projectUrl}/responses/${id}?${query.toString()}`, {
      headers: { authorization: `Bearer ${test.description.apiKey}` },
    });
    expect([response.status, await response.json()]).toMatchObject([400, { error: { param: name } }]);
  });
});

/** Each reader has its own padding. */
function withoutPadding(events: readonly ResponseEvent[]): object[] {
  return events.map((event) => {
    const { obfuscation: _padding, ...rest } = event as ResponseEvent & { obfuscation?: string };
    return rest;
  });
}
