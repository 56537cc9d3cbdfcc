import type { Choice } from '@xerotier/chat-choices';
import { STORED_BYTES_MAX } from '@xerotier/contracts/responses';
import type { TokenUsage } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import type { ResponseSink } from '@xerotier/inference';
import { StoringResponse } from './storing-response.ts';
import type { CollectedResponse } from './storing-response.ts';

const USAGE = { promptTokens: 1, completionTokens: 2 } as TokenUsage;
const HEAD = { workerId: 'w1' };

/** Records the calls to the wrapped response, in order. */
class Recorder implements ResponseSink {
  readonly calls: string[] = [];
  head(): void {
    this.calls.push('start');
  }
  data(json: Uint8Array, index: number): void {
    this.calls.push(`choices ${index} ${Buffer.from(json).toString()}`);
  }
  end(usage: TokenUsage): void {
    this.calls.push(`end ${usage.completionTokens}`);
  }
  error(error: AppError): void {
    this.calls.push(`error ${error.code}`);
  }
}

function begin(streamed: boolean): {
  sink: StoringResponse;
  recorder: Recorder;
  stored: CollectedResponse[];
  /** Completes the pending save. */
  settle: (error?: unknown) => Promise<void>;
} {
  const recorder = new Recorder();
  const stored: CollectedResponse[] = [];
  const committed = Promise.withResolvers<void>();
  const sink = new StoringResponse(recorder, streamed, (collected) => {
    stored.push(collected);
    return committed.promise;
  });
  sink.head(HEAD);
  const settle = async (error?: unknown): Promise<void> => {
    if (error === undefined) committed.resolve();
    else committed.reject(error);
    await new Promise(setImmediate);
  };
  return { sink, recorder, stored, settle };
}

const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const delta = (index: number, content: string, finish: string | null = null): Buffer =>
  bytes([{ index, delta: { content }, logprobs: null, finish_reason: finish }]);

describe('StoringResponse', () => {
  it('forwards chunks immediately, and stores the joined choices', async () => {
    const { sink, recorder, stored, settle } = begin(true);
    sink.data(delta(1, 'b'), 1);
    sink.data(delta(0, 'é'), 0);
    sink.data(delta(0, '😀', 'stop'), 0);
    expect(recorder.calls).toHaveLength(4);
    sink.end(USAGE);
    await settle();
    expect(stored).toMatchObject([{ head: HEAD, usage: USAGE }]);
    expect(
      stored[0]?.choices.map(({ index, message, finish_reason }) => [index, message.content, finish_reason]),
    ).toEqual([
      [0, 'é😀', 'stop'],
      [1, 'b', 'length'],
    ]);
    expect(recorder.calls.at(-1)).toBe('end 2');
  });

  it('stores whole choices unchanged, without retaining their buffers', async () => {
    const { sink, stored, settle } = begin(false);
    const choice: Choice = {
      index: 0,
      message: { role: 'assistant', content: 'whole', refusal: null, reasoning_content: 'steps' },
      logprobs: null,
      finish_reason: 'stop',
    };
    const json = bytes([choice]);
    sink.data(json, 0);
    json.fill(0x20);
    sink.end(USAGE);
    await settle();
    expect(stored[0]?.choices).toEqual([choice]);
  });

  it('does not end the response before it is stored', async () => {
    const { sink, recorder, settle } = begin(true);
    sink.data(delta(0, 'x'), 0);
    sink.end(USAGE);
    await new Promise(setImmediate);
    expect(recorder.calls).not.toContain('end 2');
    await settle();
    expect(recorder.calls).toContain('end 2');
  });

  it.each([
    [new AppError('responses.unavailable'), 'responses.unavailable'],
    [new TypeError('unexpected'), 'internal'],
  ])('ends the response with an error if storing fails: %p', async (error, code) => {
    const { sink, recorder, settle } = begin(true);
    sink.data(delta(0, 'x'), 0);
    sink.end(USAGE);
    await settle(error);
    expect(recorder.calls.slice(2)).toEqual([`error ${code}`]);
  });

  it('does not store a failed or cancelled response', async () => {
    const { sink, recorder, stored, settle } = begin(true);
    sink.data(delta(0, 'x'), 0);
    sink.error(new AppError('inference.cancelled'));
    await settle();
    expect(stored).toEqual([]);
    expect(recorder.calls.at(-1)).toBe('error inference.cancelled');
  });

  it('ends with completion.too_large beyond the size limit', async () => {
    const { sink, recorder, stored } = begin(true);
    const large = delta(0, 'x'.repeat(STORED_BYTES_MAX));
    for (let i = 0; i < 65; i += 1) sink.data(large, 0);
    sink.end(USAGE);
    await new Promise(setImmediate);
    expect(stored).toEqual([]);
    expect(recorder.calls.at(-1)).toBe('error completion.too_large');
  });
});
