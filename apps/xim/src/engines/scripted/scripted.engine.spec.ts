import { aChatRequest, aJob, choicesOf, contentOf, run } from '../testing/jobs.ts';
import type { EngineJob } from '../engine.ts';
import { ScriptedEngine } from './scripted.engine.ts';

function aScript(script: Record<string, unknown>, fields: Record<string, unknown> = {}): EngineJob {
  return aJob({
    stream: true,
    messages: [{ role: 'user', content: `do this [[script ${JSON.stringify(script)}]] please` }],
    ...fields,
  });
}

function numbered(count: number): string {
  return Array.from({ length: count }, (_, i) => `tok${i} `).join('');
}

describe('ScriptedEngine', () => {
  const engine = new ScriptedEngine({ slots: 8, contextTokens: 8_192 });

  it('yields sixteen numbered tokens, one per chunk, by default', async () => {
    const { events, text, finishReasons, usage } = await run(engine, aJob({ stream: true }));
    expect(text).toBe(numbered(16));
    expect(finishReasons).toEqual(['stop']);
    expect(usage).toMatchObject({ promptTokens: 2, cachedTokens: 0, completionTokens: 16 });
    expect(
      choicesOf(events)
        .map(contentOf)
        .filter((content) => content !== ''),
    ).toHaveLength(16);
  });

  it('yields a response that is not streamed in one chunk', async () => {
    const { events, text, usage } = await run(engine, aScript({ tokens: 9 }, { stream: false }));
    expect(text).toBe(numbered(9));
    expect(usage.completionTokens).toBe(9);
    expect(choicesOf(events)).toHaveLength(3);
  });

  it('reads the script of the last user message', async () => {
    const messages = [
      { role: 'user', content: '[[script {"tokens":3}]]' },
      { role: 'assistant', content: '[[script {"tokens":4}]]' },
      { role: 'user', content: [{ type: 'text', text: '[[script {"tokens":5}]]' }] },
    ];
    expect((await run(engine, aJob({ messages }))).text).toBe(numbered(5));
  });

  it('yields a literal text word by word', async () => {
    const { events, text, usage } = await run(engine, aScript({ text: 'It is\n  a "text" 😀' }));
    expect(text).toBe('It is\n  a "text" 😀');
    expect(usage.completionTokens).toBe(5);
    expect(choicesOf(events)).toHaveLength(1 + 5 + 1);
  });

  it('yields no content for zero tokens', async () => {
    const { events, usage } = await run(engine, aScript({ tokens: 0 }));
    expect(choicesOf(events).map((choice) => choice.finish_reason)).toEqual([null, 'stop']);
    expect(usage.completionTokens).toBe(0);
  });

  it('finishes with length only when the limit is lower than the script', async () => {
    const limited = await run(engine, aScript({ tokens: 10 }, { max_tokens: 9 }));
    expect(limited.finishReasons).toEqual(['length']);
    expect(limited.text).toBe(numbered(9));
    expect((await run(engine, aScript({ tokens: 10 }, { max_completion_tokens: 10 }))).finishReasons).toEqual(['stop']);
  });

  it('ends before a stop string that spans several tokens', async () => {
    const { text, finishReasons, usage } = await run(engine, aScript({ tokens: 20 }, { stop: ['k3 tok4 t', 'never'] }));
    expect(text).toBe('tok0 tok1 tok2 to');
    expect(finishReasons).toEqual(['stop']);
    expect(usage.completionTokens).toBe(6);
  });

  it('flushes a partial match of a stop string at the end', async () => {
    expect((await run(engine, aScript({ tokens: 2 }, { stop: 'tok1 tok2' }))).text).toBe('tok0 tok1 ');
  });

  it('clamps a limit that exceeds the context, and reports it in the head', async () => {
    const { events, usage } = await run(engine, aScript({ tokens: 8_000, promptTokens: 8_000 }, { max_tokens: 500 }));
    expect(events[0]).toEqual({ type: 'head', maxTokensClampedFrom: 500 });
    expect(usage.completionTokens).toBe(192);
  });

  it('rejects a prompt that leaves no room', async () => {
    await expect(run(engine, aScript({ promptTokens: 8_192 }))).rejects.toMatchObject({
      code: 'inference.context_length_exceeded',
    });
  });

  it('reports the usage of the script', async () => {
    const { usage } = await run(engine, aScript({ tokens: 1, promptTokens: 50, cachedTokens: 40 }));
    expect(usage).toMatchObject({ promptTokens: 50, cachedTokens: 40, completionTokens: 1 });
  });

  it.each([0, 3])('fails after %i tokens', async (failAfter) => {
    const contents: string[] = [];
    const failing = run(engine, aScript({ tokens: 10, failAfter }), {
      onEvent: (event) => contents.push(...choicesOf([event]).map(contentOf)),
    });
    await expect(failing).rejects.toMatchObject({
      code: 'inference.engine_failed',
      details: { usage: { completionTokens: failAfter } },
    });
    expect(contents.join('')).toBe(numbered(failAfter));
    if (failAfter === 0) expect(contents).toEqual([]);
  });

  it('does not fail when failAfter exceeds the number of tokens', async () => {
    expect((await run(engine, aScript({ tokens: 2, failAfter: 3 }))).text).toBe(numbered(2));
  });

  it.each([0, 2])('exits the process after %i tokens', async (exitAfter) => {
    let contents = '';
    let contentsAtExit: string | undefined;
    const exit = (): void => {
      contentsAtExit = contents;
    };
    await run(new ScriptedEngine({ slots: 1, contextTokens: 100, exit }), aScript({ tokens: 5, exitAfter }), {
      onEvent: (event) => {
        contents += choicesOf([event]).map(contentOf).join('');
      },
    });
    expect(contentsAtExit).toBe(numbered(exitAfter));
  });

  it('hangs after hangAfter tokens until it is aborted', async () => {
    const controller = new AbortController();
    const onEvent = (_event: unknown, index: number): void => {
      if (index === 4) setTimeout(() => controller.abort(), 30);
    };
    const { text, finishReasons, usage } = await run(engine, aScript({ tokens: 9, hangAfter: 3 }), {
      signal: controller.signal,
      onEvent,
    });
    expect(text).toBe(numbered(3));
    expect(finishReasons).toEqual([]);
    expect(usage.completionTokens).toBe(3);
  });

  it('ends its delays when it is aborted', async () => {
    for (const script of [{ prefillMs: 600_000 }, { delayMs: 600_000 }]) {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 20);
      const { finishReasons } = await run(engine, aScript(script), { signal: controller.signal });
      expect(finishReasons).toEqual([]);
    }
  });

  it('does not starve the event loop with many generations without a delay', async () => {
    let turns = 0;
    const interval = setInterval(() => (turns += 1), 1);
    await Promise.all(Array.from({ length: 100 }, () => run(engine, aScript({ tokens: 2_000 }))));
    clearInterval(interval);
    expect(turns).toBeGreaterThan(2);
  });

  it.each([
    ['invalid JSON', '[[script {tokens}]]'],
    ['an unknown field', '[[script {"token":1}]]'],
    ['an invalid value', '[[script {"tokens":-1}]]'],
  ])('rejects a directive with %s', async (_what, content) => {
    const job = { ...aJob(), request: aChatRequest({ messages: [{ role: 'user', content }] }) };
    await expect(run(engine, job)).rejects.toMatchObject({ code: 'request.invalid', param: 'messages' });
  });
});
