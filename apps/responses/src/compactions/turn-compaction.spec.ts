import { randomBytes } from 'node:crypto';
import { TurnCompaction } from './turn-compaction.ts';
import { EncryptedContents } from '../items/encrypted-contents.ts';
import { CompactionSeals } from './compaction-seals.ts';

const user = (text: string) => ({
  item: { type: 'message' as const, role: 'user' as const, content: [{ type: 'input_text' as const, text }] },
  param: 'input[0]',
});

it('goes on from what an earlier run of the turn has written, without calling a model', async () => {
  const key = randomBytes(32);
  const seals = new CompactionSeals(new EncryptedContents({ getOrCreate: () => Promise.resolve(key) } as never));
  const sut = new TurnCompaction(undefined as never, undefined as never, undefined as never, seals);
  const item = await seals.itemOf('proj_1', { summary: 'before', items: [] });
  const request = { context_management: [{ type: 'compaction', compact_threshold: 1_000 }] };
  const prompt = { request, systemPrompt: undefined, history: [user('old')], input: [user('new')] };
  const compacted = await sut.compact(
    { call: { projectId: 'proj_1' }, prompt, chat: {} } as never,
    [item],
    new AbortController().signal,
  );
  expect(compacted).toMatchObject({ prompt: { history: [{ summary: 'before' }], input: [user('new')] } });
  expect(compacted).not.toHaveProperty('item');
  expect(compacted).not.toHaveProperty('usage');
});
