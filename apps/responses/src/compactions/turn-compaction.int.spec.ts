/** `context_management` and `truncation` on real NATS and PostgreSQL. Tokens of the model are words. */
import { AppError } from '@xerotier/errors';
import { summaryMessage } from './compaction-texts.ts';
import { serveReplyingModel, wordsOf } from '../../test/replying-model.ts';
import type { ReplyingModel } from '../../test/replying-model.ts';
import { runningResponses } from '../../test/running-responses.ts';
import { TurnsClient } from '../../test/turns-client.ts';

const running = runningResponses();
let model: ReplyingModel;
let client: TurnsClient;

beforeAll(async () => {
  model = await serveReplyingModel(running.bus);
});

const SUMMARY = 'They said much.';
const isSummary = (messages: readonly { content?: unknown }[]): boolean =>
  messages.some(({ content }) => String(content).includes('[user]\n'));

beforeEach(() => {
  model.received.length = 0;
  model.reply = (messages) => (isSummary(messages) ? SUMMARY : 'ok');
  client = new TurnsClient(running.bus, running.newProject(), 'Be kind.');
});

const context_management = [{ type: 'compaction', compact_threshold: 1_000 }];
const long = 'word '.repeat(1_200);
const user = (content: string): Record<string, unknown> => ({ type: 'message', role: 'user', content });
const kind = { role: 'system', content: 'Be kind.' } as const;
const said = (content: string) => ({ role: 'user', content }) as const;
const ok = { role: 'assistant', content: 'ok' } as const;
const asked = (): unknown[] => model.received.map(({ messages }) => messages);
const last = (): unknown => asked().at(-1);

describe('context_management', () => {
  it('compacts what precedes the last message of the user, and later turns go on from there', async () => {
    const first = await client.run({ input: long });
    const second = await client.run({ input: 'next', previous_response_id: first.id, context_management });
    const shown = [kind, said(summaryMessage(SUMMARY)), said('next')];
    expect(second.output.map(({ type }) => type)).toEqual(['compaction', 'message']);
    expect(asked().slice(1)).toEqual([
      [kind, expect.objectContaining({ role: 'system' }), said(`[user]\n${long}\n\n[assistant]\nok`)],
      shown,
    ]);
    const words = model.received.slice(1).map(({ messages }) => wordsOf(messages));
    expect(second.usage).toMatchObject({ input_tokens: (words[0] ?? 0) + (words[1] ?? 0), output_tokens: 2 });
    const third = await client.run({ input: 'more', previous_response_id: second.id, context_management });
    expect(third.output.map(({ type }) => type)).toEqual(['message']);
    expect(last()).toEqual([...shown, ok, said('more')]);
  });

  it('works without state: the client sends what it got, and may leave out what was before', async () => {
    const { output } = await client.run({
      input: [user(long), { type: 'message', role: 'assistant', content: 'yes' }, user('next')],
      context_management,
      store: false,
    });
    for (const input of [
      [...output, user('more')],
      [user(long), user('next'), ...output, user('more')],
    ]) {
      await client.run({ input, store: false });
      expect(last()).toEqual([kind, said(summaryMessage(SUMMARY)), said('next'), ok, said('more')]);
    }
  });

  it('keeps calls of tools and their outputs together', async () => {
    const call = { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{}' };
    const result = { type: 'function_call_output', call_id: 'call_1', output: 'sunny' };
    await client.run({ input: [user(long), user('weather?'), call, result], context_management });
    expect(last()).toEqual([
      ...[kind, said(summaryMessage(SUMMARY)), said('weather?')],
      expect.objectContaining({ role: 'assistant', tool_calls: [expect.anything()] }),
      { role: 'tool', tool_call_id: 'call_1', content: 'sunny' },
    ]);
  });

  it.each([
    ['a short context', [user('a'), user('b')]],
    ['a message that nothing precedes', long],
  ])('leaves %s as it is', async (_, input) => {
    const { output } = await client.run({ input, context_management });
    expect(output.map(({ type }) => type)).toEqual(['message']);
    expect(model.received).toHaveLength(1);
  });

  it('does nothing unless it is requested', async () => {
    await client.run({ input: [user(long), user('b')] });
    expect(last()).toEqual([kind, said(long), said('b')]);
  });

  it('fails with the model that summarizes', async () => {
    // A worker that does not keep its contract.
    const failure = new AppError('inference.engine_failed', { usage: null });
    model.reply = (messages) => (isSummary(messages) ? failure : 'ok');
    await expect(client.run({ input: [user(long), user('b')], context_management })).rejects.toMatchObject({
      code: 'inference.engine_failed',
    });
  });

  it('charges for the summary when the response fails', async () => {
    model.reply = (messages) => (isSummary(messages) ? SUMMARY : new AppError('inference.engine_failed'));
    await expect(client.run({ input: [user(long), user('b')], context_management })).rejects.toMatchObject({
      details: { usage: { completionTokens: 1 } },
    });
  });
});

describe('compaction_trigger', () => {
  const trigger = { type: 'compaction_trigger' };

  it('replaces the whole context by a summary, and generates nothing else', async () => {
    const first = await client.run({ input: 'first' });
    const second = await client.run({ input: [user('next'), trigger], previous_response_id: first.id });
    expect(second.output.map(({ type }) => type)).toEqual(['compaction']);
    expect(second).toMatchObject({ status: 'completed', usage: { output_tokens: 1 } });
    expect(last()).toEqual([
      kind,
      expect.objectContaining({ role: 'system' }),
      said('[user]\nfirst\n\n[assistant]\nok\n\n[user]\nnext'),
    ]);
    expect(model.received).toHaveLength(2);
    await client.run({ input: 'more', previous_response_id: second.id });
    expect(last()).toEqual([kind, said(summaryMessage(SUMMARY)), said('more')]);
  });

  it('fails with the model that summarizes', async () => {
    model.reply = () => new AppError('inference.engine_failed', { usage: null });
    await expect(client.run({ input: [user('a'), trigger] })).rejects.toMatchObject({
      code: 'inference.engine_failed',
    });
  });
});

describe('truncation', () => {
  /** The model has a context of so many words. */
  function hasContextOf(contextTokens: number, isKnown = true): void {
    model.reply = (messages) => {
      const promptTokens = wordsOf(messages);
      if (promptTokens <= contextTokens) return 'ok';
      return isKnown
        ? new AppError('inference.context_length_exceeded', { promptTokens, contextTokens })
        : new AppError('inference.prompt_too_long', { reason: 'it is too long' });
    };
  }

  const turns = Array.from({ length: 10 }, (_, at) => [user(`${at} ${'word '.repeat(100)}`), ok]).flat();

  it.each([true, false])(
    'auto drops whole turns from the beginning until the context fits (size known: %s)',
    async (isKnown) => {
      hasContextOf(450, isKnown);
      const { usage } = await client.run({ input: [...turns, user('last')], truncation: 'auto' });
      const messages = model.received.at(-1)?.messages ?? [];
      expect(messages[0]).toEqual(kind);
      expect(messages[1]).toMatchObject({ role: 'user' });
      expect(messages.at(-1)).toEqual(said('last'));
      expect(usage).toMatchObject({ x_dropped_turns: 10 - (messages.length - 2) / 2 });
      expect(messages.length).toBeGreaterThan(2);
      expect(wordsOf(messages)).toBeLessThanOrEqual(450);
    },
  );

  it('auto says nothing of a context that fits', async () => {
    hasContextOf(10_000);
    const { usage } = await client.run({ input: turns, truncation: 'auto' });
    expect(usage).not.toHaveProperty('x_dropped_turns');
    expect(model.received).toHaveLength(1);
  });

  it('auto keeps the last turn: if it alone is too long, the request is rejected', async () => {
    hasContextOf(50);
    await expect(client.run({ input: [...turns, user(long)], truncation: 'auto' })).rejects.toMatchObject({
      code: 'inference.context_length_exceeded',
    });
  });

  it.each(['disabled', undefined])('%s rejects a context that does not fit', async (truncation) => {
    hasContextOf(450);
    await expect(client.run({ input: turns, truncation })).rejects.toMatchObject({
      code: 'inference.context_length_exceeded',
    });
    expect(model.received).toHaveLength(1);
  });

  it('auto drops turns that are too long to be compacted', async () => {
    hasContextOf(450);
    const { output, usage } = await client.run({
      ...{ input: [...turns, user('last')], truncation: 'auto' },
      context_management: [{ type: 'compaction', compact_threshold: 1_000 }],
    });
    expect(output.map(({ type }) => type)).toEqual(['message']);
    expect(usage?.x_dropped_turns).toBeGreaterThan(0);
  });
});
