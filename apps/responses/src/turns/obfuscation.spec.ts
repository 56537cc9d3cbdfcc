import { obfuscated } from './obfuscation.ts';

const delta = (text: string): string =>
  JSON.stringify({ type: 'response.output_text.delta', sequence_number: 5, item_id: 'msg_1', delta: text });

it('pads deltas, so that their lengths do not tell the text', () => {
  const lengths = new Set(['a', 'word', ' tokenization'].map((text) => Buffer.byteLength(obfuscated(delta(text)))));
  expect([...lengths].every((length) => (length - [...lengths][0]!) % 32 === 0)).toBe(true);
  const { obfuscation, ...rest } = JSON.parse(obfuscated(delta('word'))) as { obfuscation: string };
  expect(obfuscation).toMatch(/^[\w-]{1,32}$/);
  expect(JSON.stringify(rest)).toBe(delta('word'));
  expect(obfuscated(delta('word'))).not.toBe(obfuscated(delta('word')));
});

it('leaves other events as they are', () => {
  const event = JSON.stringify({ type: 'response.output_text.done', text: 'response.output_text.delta"' });
  expect(obfuscated(event)).toBe(event);
});
