/** Whatever a model writes, and wherever its process is killed: the events of a response keep their grammar. */
import type { ChunkChoice } from '@xerotier/chat-choices';
import { AppError } from '@xerotier/errors';
import type { PublicResponse, ResponseStatus } from '@xerotier/public-api/responses';
import fc from 'fast-check';
import { checkEvents } from '../../test/event-grammar.ts';
import type { ReadEvent } from '../../test/event-grammar.ts';
import { earlierOutputOf } from './earlier-output.ts';
import { OutputWriter } from './output-writer.ts';
import type { EarlierOutput } from './output-writer.ts';
import { ResponseEvents } from './response-events.ts';

const CUSTOM_TOOL = 'shell';

type Delta = ChunkChoice['delta'];

const text = fc.string({ minLength: 1, maxLength: 6 });
const logprobs = fc.array(fc.record({ token: text, logprob: fc.integer({ min: -9, max: 0 }) }), { maxLength: 2 });
const call = fc
  .record({
    id: fc.option(text),
    name: fc.option(fc.constantFrom('get', CUSTOM_TOOL)),
    arguments: fc.option(fc.constantFrom('', '{', '"input"', ':', '"x"', '}', '{"input":"ls"}')),
    index: fc.nat({ max: 3 }),
  })
  .map(({ id, name, arguments: args, index }) => ({
    index,
    id,
    type: 'function',
    function: { name, arguments: args },
  }));
const delta = fc.oneof(
  text.map((content): Delta => ({ content })),
  text.map((reasoning): Delta => ({ reasoning_content: reasoning })),
  text.map((refusal): Delta => ({ refusal })),
  fc
    .array(text, { minLength: 1, maxLength: 2 })
    .map((titles): Delta => ({ annotations: titles.map((title) => ({ title })) })),
  fc.array(call, { minLength: 1, maxLength: 2 }).map((calls) => ({ tool_calls: calls }) as unknown as Delta),
  fc.constant<Delta>({ content: '' }),
);
/** A whole call, as a model writes it. */
const wholeCall = fc
  .tuple(fc.nat({ max: 3 }), fc.constantFrom('get', CUSTOM_TOOL), fc.array(text, { maxLength: 3 }))
  .map(([index, name, parts]): Delta[] => [
    { tool_calls: [{ index, id: `call_${index}`, type: 'function', function: { name, arguments: '' } }] },
    ...parts.map((part) => ({ tool_calls: [{ index, function: { arguments: part } }] })),
  ]);
const reason = fc.constantFrom('stop', 'length', 'content_filter', 'tool_calls', null, null, null);
const chunks = fc
  .tuple(
    fc.array(fc.oneof({ weight: 5, arbitrary: delta.map((one) => [one]) }, { weight: 1, arbitrary: wholeCall }), {
      maxLength: 12,
    }),
    logprobs,
    reason,
  )
  .map(([deltas, probabilities, finish]): ChunkChoice[] => [
    ...deltas.flat().map((one) => ({
      index: 0,
      delta: one,
      finish_reason: null,
      logprobs: one.content === undefined ? null : { content: probabilities },
    })),
    ...(finish === null ? [] : [{ index: 0, delta: {}, finish_reason: finish, logprobs: null }]),
  ]);
const options = fc.record({ chunks, summarizesReasoning: fc.boolean(), isCutOff: fc.boolean() });

interface Run {
  readonly chunks: readonly ChunkChoice[];
  readonly summarizesReasoning: boolean;
  readonly isCutOff: boolean;
}

function object(status: ResponseStatus, output: readonly unknown[]): PublicResponse {
  return { status, output } as unknown as PublicResponse;
}

/** As `TurnRunner` does it. Returns the events of this run. */
function eventsOf(run: Run, earlier?: EarlierOutput): string[] {
  const written: string[] = [];
  const events = new ResponseEvents({
    first: earlier?.events ?? 0,
    visible: (item) => item,
    write: (json) => void written.push(json),
  });
  const writer = new OutputWriter({
    tools: new Map([[CUSTOM_TOOL, { tool: { type: 'custom' as const, name: CUSTOM_TOOL }, namespace: undefined }]]),
    summarizesReasoning: run.summarizesReasoning,
    includesLogprobs: true,
    earlier: earlier?.items ?? [],
    write: (event) => events.turn(event),
  });
  if (earlier === undefined) events.response('created', object('in_progress', []));
  if (earlier?.isInProgress !== true) events.response('in_progress', object('in_progress', []));
  for (const event of earlier?.closing ?? []) events.turn(event);
  let outcome: string;
  try {
    for (const chunk of run.chunks) writer.add(chunk);
    outcome = writer.end(...(run.isCutOff ? (['interrupted'] as const) : []));
  } catch (error) {
    expect(AppError.from(error).code).toBe('inference.engine_failed');
    outcome = writer.end('interrupted');
  }
  const type = outcome === 'completed' ? 'completed' : outcome === 'interrupted' ? 'failed' : 'incomplete';
  return [...written, events.ending(type, object(type, writer.items))];
}

it('of any output', () => {
  fc.assert(
    fc.property(options, (run) => {
      const events = checkEvents(eventsOf(run));
      // Nothing that the model has written is lost.
      const deltas = (type: string): string => joined(events.filter((event) => event.type === type));
      if (run.isCutOff || events.at(-1)?.type === 'response.failed') return;
      const contents = run.chunks.map((chunk) => chunk.delta.content ?? '').join('');
      expect(deltas('response.output_text.delta')).toBe(contents);
    }),
    { numRuns: 2_000 },
  );
});

it('of any output whose process is killed anywhere, and that another one goes on with', () => {
  fc.assert(
    fc.property(options, options, options, fc.nat(), fc.nat(), (first, second, third, cut, otherCut) => {
      const runs = [first, second, third].map((run) => ({ ...run, summarizesReasoning: first.summarizesReasoning }));
      const before = cutOff(eventsOf(runs[0] as Run), cut);
      const next = eventsOf(runs[1] as Run, earlierOutputOf(before));
      checkEvents([...before, ...next]);
      // Killed again: also in the events that close what the first one has left open.
      const twice = [...before, ...cutOff(next, otherCut, 0)];
      checkEvents([...twice, ...eventsOf(runs[2] as Run, earlierOutputOf(twice))]);
    }),
    { numRuns: 2_000 },
  );
});

/** Never all, since nobody goes on after the last event. */
function cutOff(events: readonly string[], at: number, least = 1): string[] {
  return events.slice(0, least + (at % Math.max(1, events.length - least)));
}

function joined(events: readonly ReadEvent[]): string {
  return events.map((event) => event.delta ?? '').join('');
}
