import { checkBatches, isClean } from './check-batches.ts';
import type { BatchFindings, BatchResults, LedgerEntry } from './check-batches.ts';

const PROMPT_TOKENS = 5;
const COMPLETION_TOKENS = 2;

const line = (customId: string, requestId = `req-${customId}`): string =>
  JSON.stringify({
    ...{ id: `line-${customId}`, custom_id: customId, error: null },
    response: {
      ...{ status_code: 200, request_id: requestId },
      body: { usage: { prompt_tokens: PROMPT_TOKENS, completion_tokens: COMPLETION_TOKENS } },
    },
  });
const failed = (customId: string): string =>
  JSON.stringify({ id: '', custom_id: customId, response: null, error: { code: 'batch_expired', message: '' } });
const row = (customId: string, more: Partial<LedgerEntry> = {}): LedgerEntry => ({
  ...{ requestId: `req-${customId}`, promptTokens: PROMPT_TOKENS, completionTokens: COMPLETION_TOKENS },
  ...more,
});
const file = (...lines: readonly string[]): string => lines.map((text) => `${text}\n`).join('');

/** Two lines that have succeeded, and one that has expired. */
const batch: BatchResults = {
  ...{ id: 'batch_1', customIds: ['a', 'b', 'c'] },
  ...{ output: file(line('b'), line('a')), errors: file(failed('c')) },
  counts: { total: 3, completed: 2, failed: 1 },
  usage: { promptTokens: 2 * PROMPT_TOKENS, completionTokens: 2 * COMPLETION_TOKENS },
};
const ledger = [row('a'), row('b')];

const check = (more: Partial<BatchResults>, rows = ledger): Partial<BatchFindings> =>
  Object.fromEntries(
    Object.entries(checkBatches([{ ...batch, ...more }], rows)).filter(([, found]: [string, string[]]) => found.length),
  );

it('finds nothing in a batch that is complete, with failed lines, in any order', () => {
  expect(check({})).toEqual({});
  expect(isClean(checkBatches([batch], ledger))).toBe(true);
});

it('finds nothing in a batch without lines', () => {
  const usage = { promptTokens: 0, completionTokens: 0 };
  const empty = { customIds: [], output: '', errors: '', counts: { total: 0, completed: 0, failed: 0 }, usage };
  expect(check(empty, [])).toEqual({});
});

it('accepts tokens that were computed for a line that has failed', () => {
  const error = JSON.stringify({
    ...{ custom_id: 'c', error: null },
    response: { status_code: 500, request_id: 'req-c', body: {} },
  });
  const usage = { promptTokens: 3 * PROMPT_TOKENS, completionTokens: 2 * COMPLETION_TOKENS };
  expect(check({ errors: file(error), usage }, [...ledger, row('c', { completionTokens: 0 })])).toEqual({});
});

it('finds a lost line', () => {
  expect(check({ errors: '', counts: { total: 3, completed: 2, failed: 0 } })).toEqual({ lost: ['c'] });
});

it('finds a line that is there twice, in one file or in both', () => {
  const counts = { total: 3, completed: 2, failed: 2 };
  expect(check({ errors: file(failed('c'), failed('c')), counts })).toEqual({ repeated: ['c'] });
  expect(check({ errors: file(failed('c'), failed('a')), counts })).toEqual({ repeated: ['a'] });
});

it('finds a line that the input does not have', () => {
  const counts = { total: 3, completed: 2, failed: 2 };
  expect(check({ errors: file(failed('c'), failed('d')), counts })).toEqual({ unknown: ['d'] });
});

it('finds a line that was billed twice, as the same request and as another one', () => {
  expect(check({}, [...ledger, row('a')])).toEqual({ billedTwice: ['req-a'] });
  expect(check({}, [...ledger, row('a', { requestId: 'req-again' })])).toEqual({ billedWithoutResult: ['req-again'] });
});

it('finds a request that is billed, but not in the output', () => {
  const usage = { promptTokens: PROMPT_TOKENS, completionTokens: COMPLETION_TOKENS };
  const lost = { output: file(line('a')), counts: { total: 3, completed: 1, failed: 1 }, usage };
  expect(check(lost)).toEqual({ lost: ['b'], billedWithoutResult: ['req-b'] });
});

it('finds a line that is not billed', () => {
  const usage = { promptTokens: PROMPT_TOKENS, completionTokens: COMPLETION_TOKENS };
  expect(check({ usage }, [row('a')])).toEqual({ unbilled: ['req-b'] });
});

it('finds two lines that share what was billed once, within a batch and between two', () => {
  const usage = { promptTokens: PROMPT_TOKENS, completionTokens: COMPLETION_TOKENS };
  expect(check({ output: file(line('a'), line('b', 'req-a')), usage }, [row('a')])).toEqual({ unbilled: ['req-a'] });
  const { unbilled } = checkBatches([batch, { ...batch, id: 'batch_2' }], ledger);
  expect(unbilled).toEqual(['req-b', 'req-a']);
});

it('finds a row with other numbers than the line', () => {
  const usage = { promptTokens: 2 * PROMPT_TOKENS, completionTokens: 2 * COMPLETION_TOKENS + 1 };
  const rows = [row('a', { completionTokens: COMPLETION_TOKENS + 1 }), row('b')];
  expect(check({ usage }, rows)).toEqual({ misbilled: ['req-a'] });
});

it.each([
  ['total', { total: 4, completed: 2, failed: 1 }],
  ['completed', { total: 3, completed: 3, failed: 1 }],
  ['failed', { total: 3, completed: 2, failed: 0 }],
])('finds a count that does not add up: %s', (name, counts) => {
  expect(check({ counts })).toEqual({
    miscounted: [
      `batch_1 request_counts.${name}: ${counts[name as 'total']} instead of ${batch.counts[name as 'total']}`,
    ],
  });
});

it('finds a usage that is not the sum of the rows', () => {
  const usage = { ...batch.usage, completionTokens: 5 };
  expect(check({ usage })).toEqual({ miscounted: ['batch_1 usage, completionTokens: 5 instead of 4'] });
});

it.each([
  ['text that is not JSON', file(line('a'), '{"custom_id":"b", ')],
  ['a line without a result', file(line('a'), '{"custom_id":"b"}')],
  ['a line without a custom_id', file(line('a'), '{"response":null,"error":null}')],
  ['an empty line', file(line('a'), '')],
  ['null', file(line('a'), 'null')],
])('finds a file that is not valid JSONL: %s', (_, output) => {
  expect(check({ output })).toMatchObject({ unreadable: ['batch_1 output:2'], lost: ['b'] });
});

it('finds a file that was cut off at the end of a line', () => {
  expect(check({ output: batch.output.slice(0, -1) })).toEqual({ unreadable: ['batch_1 output:2'] });
});
