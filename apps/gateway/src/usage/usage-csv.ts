import { stringify } from 'csv-stringify';
import { pipeline, Readable } from 'node:stream';
import type { PublicUsageEvent } from './public-usage.ts';

const COLUMNS = [
  'id',
  'started_at',
  'kind',
  'endpoint',
  'endpoint_id',
  'key_id',
  'model',
  'model_id',
  'tier',
  'priority',
  'requested_service_tier',
  'end_user',
  'outcome',
  'streamed',
  'input_tokens',
  'cached_tokens',
  'output_tokens',
  'reasoning_tokens',
  'accepted_prediction_tokens',
  'rejected_prediction_tokens',
  'cost_micros',
  'price_version',
  'latency_ms',
  'ttft_ms',
] as const satisfies readonly (keyof PublicUsageEvent)[];

/**
 * A CSV file (RFC 4180) of these rows, which are read as fast as the file is. `started_at` is in RFC 3339. If the file is not
 * read to its end, the generator ends.
 */
export function usageCsv(rows: AsyncIterable<PublicUsageEvent>): Readable {
  const csv = stringify({
    header: true,
    columns: [...COLUMNS],
    record_delimiter: 'windows',
    escape_formulas: true,
    cast: { boolean: String },
  });
  // Errors are those of `csv`, which its reader handles.
  pipeline(Readable.from(withTimes(rows)), csv, () => undefined);
  return csv;
}

async function* withTimes(rows: AsyncIterable<PublicUsageEvent>): AsyncGenerator<object> {
  for await (const row of rows) yield { ...row, started_at: new Date(row.started_at * 1_000).toISOString() };
}
