import { withoutBackslashes } from '@xerotier/testing';
import fc from 'fast-check';
import { ChatEnvelope, publicUsage } from './chat-envelope.ts';

const FIELDS = { id: 'chatcmpl-1', createdSeconds: 1_795_132_800, model: 'org/tiny "1"', tier: 'free' };
const HEAD = { workerId: 'w1', systemFingerprint: 'fp_1' };
const USAGE = {
  promptTokens: 5,
  cachedTokens: 3,
  completionTokens: 7,
  reasoningTokens: 2,
  acceptedPredictionTokens: 1,
  rejectedPredictionTokens: 4,
};
const PUBLIC_USAGE = {
  prompt_tokens: 5,
  completion_tokens: 7,
  total_tokens: 12,
  prompt_tokens_details: { cached_tokens: 3, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: 2,
    audio_tokens: 0,
    accepted_prediction_tokens: 1,
    rejected_prediction_tokens: 4,
  },
};
const AROUND = {
  id: 'chatcmpl-1',
  created: 1_795_132_800,
  model: 'org/tiny "1"',
  service_tier: 'free',
  system_fingerprint: 'fp_1',
};

function begun(withUsage = false, head: object = HEAD): ChatEnvelope {
  const envelope = new ChatEnvelope(FIELDS, { withUsage });
  envelope.begin(head as typeof HEAD);
  return envelope;
}

function joined(parts: readonly Uint8Array[]): string {
  return Buffer.concat(parts).toString();
}

/** Parses the data of server-sent events. */
function events(stream: string): unknown[] {
  expect(stream.endsWith('\n\n')).toBe(true);
  return stream
    .slice(0, -2)
    .split('\n\n')
    .map((event) => {
      expect(event.startsWith('data: ')).toBe(true);
      const data = event.slice('data: '.length);
      return data === '[DONE]' ? data : JSON.parse(data);
    });
}

describe('ChatEnvelope.chunk', () => {
  it('returns one event with exactly its fields, for any choices and model name', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\n\ndata: [DONE]\n\n', '\r\n\r\n', '\u2028', '"}]}'),
    );
    const choices = withoutBackslashes(
      fc.array(fc.record({ index: fc.nat(), delta: fc.dictionary(text, text), finish_reason: fc.option(text) })),
    );
    fc.assert(
      fc.property(choices, text, fc.boolean(), (given, model, withUsage) => {
        const envelope = new ChatEnvelope({ ...FIELDS, model }, { withUsage });
        envelope.begin(HEAD);
        const [chunk, ...more] = events(joined(envelope.chunk(Buffer.from(JSON.stringify(given)))));
        expect(more).toEqual([]);
        expect(chunk).toEqual({
          ...AROUND,
          model: JSON.parse(Buffer.from(JSON.stringify(model)).toString()),
          object: 'chat.completion.chunk',
          choices: JSON.parse(Buffer.from(JSON.stringify(given)).toString()),
          ...(withUsage && { usage: null }),
        });
      }),
    );
  });

  it('omits the fingerprint if the engine has none', () => {
    const [chunk] = events(joined(begun(false, { workerId: 'w1' }).chunk(Buffer.from('[]'))));
    expect(chunk).not.toHaveProperty('system_fingerprint');
  });
});

describe('ChatEnvelope.ending', () => {
  it('returns [DONE] only, unless the usage was requested', () => {
    expect(events(begun(false).ending(USAGE))).toEqual(['[DONE]']);
    expect(events(joined(begun(false).chunk(Buffer.from('[]'))))[0]).not.toHaveProperty('usage');
  });

  it('returns the requested usage in a chunk without choices', () => {
    expect(events(begun(true).ending(USAGE))).toEqual([
      { ...AROUND, object: 'chat.completion.chunk', choices: [], usage: PUBLIC_USAGE },
      '[DONE]',
    ]);
  });
});

describe('ChatEnvelope.completion', () => {
  it('always includes choices and usage', () => {
    for (const withUsage of [true, false]) {
      const completion = new ChatEnvelope(FIELDS, { withUsage }).completion(HEAD, '[{"index":0}]', USAGE);
      expect(JSON.parse(completion)).toEqual({
        ...AROUND,
        object: 'chat.completion',
        choices: [{ index: 0 }],
        usage: PUBLIC_USAGE,
      });
    }
  });
});

describe('publicUsage', () => {
  it('adds up prompt and completion', () => {
    expect(publicUsage(USAGE)).toEqual(PUBLIC_USAGE);
  });
});
