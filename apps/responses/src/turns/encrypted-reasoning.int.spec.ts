/** Reasoning that clients keep: `encrypted_content`, on real NATS and PostgreSQL. */
import { serveReplyingModel } from '../../test/replying-model.ts';
import type { ReplyingModel } from '../../test/replying-model.ts';
import { runningResponses } from '../../test/running-responses.ts';
import { TurnsClient } from '../../test/turns-client.ts';

const running = runningResponses();
let model: ReplyingModel;
let client: TurnsClient;

beforeAll(async () => {
  model = await serveReplyingModel(running.bus);
});

beforeEach(() => {
  model.received.length = 0;
  model.reply = () => ({ reasoning: 'the tool knows', content: 'I ask.' });
  client = new TurnsClient(running.bus, running.newProject());
});

const include = ['reasoning.encrypted_content'];
const user = { type: 'message', role: 'user', content: 'weather?' };
const call = { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{}' };
const output = { type: 'function_call_output', call_id: 'call_1', output: 'sunny' };
type Fields = Record<string, unknown>;
/** As clients of OpenAI send it: they get no `content`. */
const sealedOf = ({ content: _content, ...item }: Fields): Fields => item;
const sent = (): unknown => model.received.at(-1)?.messages;

it('is in items on request, and does not tell the text', async () => {
  const { output: items } = await client.run({ input: [user], include, store: false });
  const [reasoning] = items as Fields[];
  expect(reasoning).toMatchObject({ type: 'reasoning', encrypted_content: expect.any(String) as unknown });
  expect(Buffer.from(String(reasoning?.['encrypted_content']), 'base64url').toString('latin1')).not.toContain('knows');
  const { output: without } = await client.run({ input: [user], store: false });
  expect(without[0]).not.toHaveProperty('encrypted_content');
});

it('goes on between calls of tools, without state', async () => {
  const { output: items } = await client.run({ input: [user], include, store: false });
  await client.run({ input: [user, sealedOf(items[0] as Fields), call, output], store: false });
  expect(sent()).toEqual([
    { role: 'user', content: 'weather?' },
    expect.objectContaining({ role: 'assistant', reasoning_content: 'the tool knows' }),
    { role: 'tool', tool_call_id: 'call_1', content: 'sunny' },
  ]);
});

it('goes on from a stored response', async () => {
  const { output: items } = await client.run({ input: [user], include, store: false });
  const { id } = await client.run({ input: [user, sealedOf(items[0] as Fields), call] });
  await client.run({ input: [output], previous_response_id: id });
  expect(sent()).toMatchObject([{ role: 'user' }, { reasoning_content: 'the tool knows' }, {}, {}]);
});

it('is not shown to the model after the next message of the user', async () => {
  const { output: items } = await client.run({ input: [user], include, store: false });
  await client.run({ input: [user, sealedOf(items[0] as Fields), items[1], user], store: false });
  expect(JSON.stringify(sent())).not.toContain('knows');
});

it('before the last message of the user is not opened: it may be of another server', async () => {
  const foreign = { type: 'reasoning', summary: [], encrypted_content: 'gAAAAABoISQ24OyVRYbk' };
  const { id } = await client.run({ input: [user, foreign, call, output, user] });
  expect(sent()).toHaveLength(4);
  await client.run({ input: [user], previous_response_id: id });
  expect(sent()).toHaveLength(6);
});

it('of another project, or a changed one, is rejected before the model is called', async () => {
  const { output: items } = await client.run({ input: [user], include, store: false });
  const reasoning = sealedOf(items[0] as Fields);
  model.received.length = 0;
  const rejection = { code: 'item.unreadable', param: 'input[1].encrypted_content' };
  const other = new TurnsClient(running.bus, running.newProject());
  await expect(other.run({ input: [user, reasoning] })).rejects.toMatchObject(rejection);
  for (const content of ['', 'gAAAAABn', String(reasoning['encrypted_content']).replace(/.{4}$/, 'AAAA')])
    await expect(client.run({ input: [user, { ...reasoning, encrypted_content: content }] })).rejects.toMatchObject(
      rejection,
    );
  // What was sealed as something else does not open either.
  model.reply = () => 'summary';
  const { output: compacted } = await client.compact({ input: [user] });
  const { encrypted_content: summary } = compacted.at(-1) as Fields;
  await expect(client.run({ input: [user, { ...reasoning, encrypted_content: summary }] })).rejects.toMatchObject(
    rejection,
  );
  expect(model.received).toHaveLength(1);
});
