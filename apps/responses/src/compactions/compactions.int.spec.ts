import { AppError } from '@xerotier/errors';
import { eventually } from '@xerotier/testing';
import { serveReplyingModel, wordsOf } from '../../test/replying-model.ts';
import type { ReplyingModel } from '../../test/replying-model.ts';
import { runningResponses } from '../../test/running-responses.ts';
import { TurnsClient } from '../../test/turns-client.ts';
import { COMPACTION_INSTRUCTIONS, summaryMessage } from './compaction-texts.ts';

const running = runningResponses();
let model: ReplyingModel;
let client: TurnsClient;

beforeAll(async () => {
  model = await serveReplyingModel(running.bus);
});

beforeEach(() => {
  model.received.length = 0;
  model.reply = () => 'ok';
  client = new TurnsClient(running.bus, running.newProject(), 'Be kind.');
});

const user = (content: string): Record<string, unknown> => ({ type: 'message', role: 'user', content });
const kind = { role: 'system', content: 'Be kind.' } as const;
const said = (content: string) => ({ role: 'user', content }) as const;
const last = (): unknown => model.received.at(-1)?.messages;

async function compaction(summary: string, input: unknown[] = [user('hello')]): Promise<Record<string, unknown>> {
  model.reply = () => summary;
  const { output } = await client.compact({ input });
  model.reply = () => 'ok';
  return output.at(-1) as Record<string, unknown>;
}

describe('a compaction', () => {
  it('is the summary of a transcript, by the model of the endpoint', async () => {
    const call = { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{}' };
    const output = { type: 'function_call_output', call_id: 'call_1', output: 'sunny' };
    model.reply = () => '  It is sunny.\n';
    const { object, usage } = await client.compact({
      input: [user('weather?'), call, output],
      instructions: 'In English.',
    });
    expect(object).toBe('response.compaction');
    expect(model.received).toEqual([
      {
        ...{ model: 'tiny', stream: true, max_completion_tokens: 4_096 },
        messages: [
          kind,
          { role: 'system', content: COMPACTION_INSTRUCTIONS },
          { role: 'system', content: 'In English.' },
          {
            role: 'user',
            content: '[user]\nweather?\n\n[assistant calls the tool weather]\n{}\n\n[tool]\nsunny',
          },
        ],
      },
    ]);
    expect(usage.input_tokens).toBe(wordsOf(model.received[0]?.messages ?? []));
    await client.run({ input: [(await client.compact({ input: 'x' })).output.at(-1), user('next')] });
    expect(last()).toEqual([kind, said(summaryMessage('It is sunny.')), said('next')]);
  });

  it('of messages with ids of stored items keeps these ids', async () => {
    const { id } = await client.run({ input: [user('stored')] });
    const { output } = await client.compact({ previous_response_id: id, input: [user('new')] });
    const again = await client.compact({ previous_response_id: id });
    expect(output.map(({ type }) => type)).toEqual(['message', 'message', 'compaction']);
    expect(output[0]).toEqual(again.output[0]);
    expect(new Set(output.map((item) => item.id)).size).toBe(3);
  });

  it('keeps images in messages, which the model is not sent', async () => {
    const part = { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'auto' };
    const { output } = await client.compact({ input: [{ role: 'user', content: [part] }] });
    expect(output[0]).toMatchObject({ role: 'user', content: [part] });
    expect(last()).toContainEqual({ role: 'user', content: '[user]\n(an image)' });
  });

  it('replaces an earlier one: the model summarizes its summary, and nothing before it', async () => {
    const first = await compaction('first summary');
    await compaction('second summary', [user('old'), first, user('new')]);
    expect(last()).toContainEqual({
      role: 'user',
      content: `[user]\n${summaryMessage('first summary')}\n\n[user]\nnew`,
    });
  });

  it('is stored with its response, and begins the context of later ones', async () => {
    const item = await compaction('one two three');
    const first = await client.run({ input: [user('old'), item, user('next')] });
    const second = await client.run({ input: 'more', previous_response_id: first.id });
    const shown = [kind, said(summaryMessage('one two three'))];
    expect(last()).toEqual([...shown, said('next'), { role: 'assistant', content: 'ok' }, said('more')]);
    // A newer one replaces it.
    const newer = await compaction('four');
    await client.run({ input: [newer, user('and')], previous_response_id: second.id });
    expect(last()).toEqual([kind, said(summaryMessage('four')), said('and')]);
    expect(await client.count({ input: [newer, user('and')], previous_response_id: second.id })).toBe(
      wordsOf([kind, said(summaryMessage('four')), said('and')]),
    );
  });

  it('that is referenced by its id is opened, too', async () => {
    const item = await compaction('one');
    const { id } = await client.run({ input: [item, user('x')], include: [] });
    const items = await running.database.query(
      `SELECT i.id FROM responses.item i JOIN responses.response_item r ON r.item_id = i.id
       WHERE r.response_id = $1 AND i.kind = 'compaction'`,
      [id],
    );
    const [{ id: itemId }] = items as [{ id: string }];
    await client.run({ input: [user('old'), { type: 'item_reference', id: itemId }, user('y')] });
    expect(last()).toEqual([kind, said(summaryMessage('one')), said('y')]);
  });

  it('of another project, or a changed one, is rejected before the model is called', async () => {
    const item = await compaction('secret');
    model.received.length = 0;
    const other = new TurnsClient(running.bus, running.newProject());
    const rejection = { code: 'item.unreadable', status: 400, param: 'input[1].encrypted_content' };
    const input = [user('x'), item];
    await expect(other.run({ input })).rejects.toMatchObject(rejection);
    await expect(other.enqueue({ input })).rejects.toMatchObject(rejection);
    await expect(other.compact({ input })).rejects.toMatchObject(rejection);
    await expect(other.count({ input })).rejects.toMatchObject(rejection);
    const bytes = Buffer.from(String(item['encrypted_content']), 'base64url');
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    for (const content of [bytes.toString('base64url'), '', 'no base64 €'])
      await expect(
        client.run({ input: [user('x'), { type: 'compaction', encrypted_content: content }] }),
      ).rejects.toMatchObject(rejection);
    expect(model.received).toEqual([]);
  });

  it('of a context that the model cannot read is rejected', async () => {
    const call = { type: 'computer_call', call_id: 'c', pending_safety_checks: [], action: { type: 'wait' } };
    await expect(client.compact({ input: [user('x'), call] })).rejects.toMatchObject({
      code: 'request.unsupported_parameter',
      param: 'input[1]',
    });
    await expect(client.compact({ previous_response_id: 'resp_0' })).rejects.toMatchObject({
      code: 'response.previous_not_found',
    });
    expect(model.received).toEqual([]);
  });

  it('fails with the model, with its usage if there is one', async () => {
    const tooLong = new AppError('inference.context_length_exceeded', { promptTokens: 9, contextTokens: 8 });
    model.reply = () => tooLong;
    await expect(client.compact({ input: 'x' })).rejects.toMatchObject({ code: 'inference.context_length_exceeded' });
    model.reply = () => ' \n ';
    await expect(client.compact({ input: 'x' })).rejects.toMatchObject({
      code: 'inference.engine_failed',
      details: { usage: { completionTokens: 1 } },
    });
  });

  it('is sealed: neither rows nor logs have the summary', async () => {
    const item = await compaction('kept between us');
    const { id } = await client.run({ input: [item, user('x')] });
    await eventually('it is stored', async () => {
      const rows: unknown[] = await running.database.query('SELECT 1 FROM responses.response WHERE id = $1', [id]);
      return rows.length === 1;
    });
    expect(JSON.stringify(item)).not.toContain('kept');
    expect(running.logText()).not.toContain('kept between us');
  });
});
