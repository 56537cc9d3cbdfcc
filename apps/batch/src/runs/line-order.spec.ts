import fc from 'fast-check';
import type { Line } from '../lines/line.ts';
import { orderOf } from './line-order.ts';

interface Ordered {
  readonly number: number;
  readonly line: Pick<Line, 'url' | 'model' | 'body'>;
}

const CHAT = '/v1/chat/completions';
const chat = (number: number, content: unknown, { model = 'm', ...more }: Record<string, unknown> = {}): Ordered => ({
  number,
  line: { url: CHAT, model: String(model), body: { model, messages: [{ role: 'user', content }], ...more } },
});
const numbersOf = (lines: readonly Ordered[]): number[] => orderOf(lines).map(({ number }) => number);

/** In characters. */
function commonPrefix(one: string, other: string): number {
  const [ofOne, ofOther] = [[...one], [...other]];
  const end = ofOne.findIndex((character, at) => character !== ofOther[at]);
  return end === -1 ? ofOne.length : end;
}

const contentOf = ({ line }: Ordered): string => (line.body['messages'] as { content: string }[])[0]?.content ?? '';

const texts = fc.string({ unit: fc.constantFrom('a', 'b', '"', '\\', '\n', 'é', '😀', '\ud83d', '['), maxLength: 6 });
const lists = fc
  .array(fc.record({ content: texts, model: fc.constantFrom('x', 'y', 'xy', 'é') }), { maxLength: 30 })
  .map((lines) => lines.map(({ content, model }, number) => chat(number, content, { model })));

describe('orderOf', () => {
  it('has the lines of a model together, and similar prompts beside each other', () => {
    const lines = [
      chat(0, 'In French: cat', { model: 'b' }),
      chat(1, 'In German: cat', { model: 'a' }),
      chat(2, 'In French: dog', { model: 'a' }),
      chat(3, 'In German: dog', { model: 'a' }),
      chat(4, 'In French: cow', { model: 'a' }),
    ];
    expect(numbersOf(lines)).toEqual([4, 2, 1, 3, 0]);
  });

  it('has the same tools together, whatever the prompt', () => {
    const [one, other] = [[{ type: 'function', function: { name: 'a' } }], [{ type: 'function' }]];
    const lines = [
      chat(0, 'b', { tools: one }),
      chat(1, 'a'),
      chat(2, 'a', { tools: other }),
      chat(3, 'a', { tools: one }),
    ];
    expect(numbersOf(lines)).toEqual([3, 0, 2, 1]);
  });

  it('reads messages whatever the order of their fields is', () => {
    const swapped = (number: number, content: string): Ordered => ({
      number,
      line: { url: CHAT, model: 'm', body: { messages: [{ content, role: 'user' }] } },
    });
    expect(numbersOf([chat(0, 'b'), swapped(1, 'a'), chat(2, 'a'), swapped(3, 'b')])).toEqual([1, 2, 0, 3]);
  });

  it('reads the instructions and the input of responses', () => {
    const line = (number: number, instructions: string, input: unknown): Ordered => ({
      number,
      line: { url: '/v1/responses', model: 'm', body: { model: 'm', instructions, input } },
    });
    expect(numbersOf([line(0, 'b', 'x'), line(1, 'a', 'y'), line(2, 'b', 'w'), line(3, 'a', 'x')])).toEqual([
      3, 1, 2, 0,
    ]);
  });

  it('leaves equal prompts, and those of other routes, in their order', () => {
    const embed = (number: number, input: string): Ordered => ({
      number,
      line: { url: '/v1/embeddings', model: 'm', body: { input } },
    });
    expect(numbersOf([embed(0, 'b'), embed(1, 'a'), embed(2, 'b')])).toEqual([0, 1, 2]);
    expect(numbersOf([chat(0, 'a'), chat(1, 'a'), chat(2, 'a')])).toEqual([0, 1, 2]);
  });

  it('orders whatever the API may reject later', () => {
    const bodies = [{}, { messages: 'a' }, { messages: [null, 5, 'a', []] }, { messages: [{ content: [5] }] }];
    const lines = bodies.map((body, number) => ({ number, line: { url: CHAT, model: 'm', body } as const }));
    expect(numbersOf(lines).toSorted()).toEqual([0, 1, 2, 3]);
  });

  it('has each line once', () => {
    fc.assert(
      fc.property(lists, (lines) => {
        expect(orderOf(lines).toSorted((one, other) => one.number - other.number)).toEqual(lines);
      }),
    );
  });

  it('has each model once', () => {
    fc.assert(
      fc.property(lists, (lines) => {
        const models = orderOf(lines).map(({ line }) => line.model);
        const changes = models.filter((model, at) => at === 0 || model !== models[at - 1]);
        expect(changes).toEqual([...new Set(models)]);
      }),
    );
  });

  it('has no line with a longer common prefix with another one of its model than with a neighbour', () => {
    fc.assert(
      fc.property(lists, (lines) => {
        const ordered = orderOf(lines);
        ordered.forEach((each, at) => {
          const ofModel = ordered.filter((other) => other !== each && other.line.model === each.line.model);
          const longest = Math.max(0, ...ofModel.map((other) => commonPrefix(contentOf(each), contentOf(other))));
          const neighbours = [ordered[at - 1], ordered[at + 1]].filter(
            (other) => other?.line.model === each.line.model,
          );
          const nearest = neighbours.map((other) => commonPrefix(contentOf(each), contentOf(other as Ordered)));
          expect(Math.max(0, ...nearest)).toBe(longest);
        });
      }),
    );
  });
});
