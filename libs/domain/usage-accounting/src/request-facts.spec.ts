import type { RequestFacts } from '@xerotier/contracts/inference';
import fc from 'fast-check';
import { decodeFacts, encodeFacts } from './request-facts.ts';

const facts: RequestFacts = {
  ...{ kind: 'chat.completion', priority: 'interactive', streamed: true, choices: 2 },
  ...{ startedAt: 1_795_132_800_000, deadlineAt: 1_795_133_400_000 },
};

it('are decoded as they were encoded', () => {
  expect(decodeFacts(encodeFacts(facts))).toEqual(facts);
  expect(decodeFacts(encodeFacts({ ...facts, streamed: false, kind: 'embedding' }))).toEqual({
    ...facts,
    ...{ streamed: false, kind: 'embedding' },
  });
});

it.each(['', 'chat.completion', `${encodeFacts(facts)}~1`, encodeFacts(facts).replace('~2~', '~0~'), 'a~b~1~1~1~1'])(
  'are not decoded from %p',
  (text) => {
    expect(decodeFacts(text)).toBeUndefined();
  },
);

it('never throw', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fc.string()).map((parts) => parts.join('~')),
      ),
      (text) => void decodeFacts(text),
    ),
  );
});
