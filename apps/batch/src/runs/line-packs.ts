/**
 * Lines of `/v1/embeddings` that differ only in their input run as one request: an engine takes many short inputs in hardly more time than
 * one. Each line gets the response that it would have got alone.
 */
import type { LineResponse } from './line-caller.ts';
import type { PendingLine } from './pending-lines.ts';

/** Lines that run as one request; most often one. */
export type Pack = readonly [PendingLine, ...PendingLine[]];

type Body = Readonly<Record<string, unknown>>;
/** Texts, or lists of tokens. */
type Inputs = readonly (string | readonly number[])[];

/** Of one pack. More inputs hardly make it faster, and others wait for its slot. */
const INPUTS_MAX = 64;
/** Of the inputs as JSON: long ones keep a worker busy alone. */
const BYTES_MAX = 64 * 1_024;

/** Packs lines that follow each other. @param isPackable whether lines of this model may share a request. */
export async function* packs(
  lines: AsyncIterable<PendingLine>,
  isPackable: (model: string) => boolean,
): AsyncGenerator<Pack, void, undefined> {
  let open:
    | { readonly lines: [PendingLine, ...PendingLine[]]; readonly key: string; inputs: number; bytes: number }
    | undefined;
  for await (const pending of lines) {
    const item = isPackable(pending.line.model) ? packableOf(pending) : undefined;
    if (open !== undefined) {
      const { inputs, bytes } = open;
      if (item?.key === open.key && inputs + item.inputs <= INPUTS_MAX && bytes + item.bytes <= BYTES_MAX) {
        open.lines.push(pending);
        open.inputs += item.inputs;
        open.bytes += item.bytes;
        continue;
      }
      yield open.lines;
      open = undefined;
    }
    if (item === undefined) yield [pending];
    else open = { lines: [pending], ...item };
  }
  if (open !== undefined) yield open.lines;
}

function packableOf({ line: { url, body } }: PendingLine): { key: string; inputs: number; bytes: number } | undefined {
  if (url !== '/v1/embeddings') return undefined;
  const { input, ...rest } = body;
  const inputs = inputsOf(body);
  if (inputs === undefined || inputs.length >= INPUTS_MAX) return undefined;
  const bytes = JSON.stringify(input).length;
  if (bytes >= BYTES_MAX) return undefined;
  return { key: JSON.stringify([typeof inputs[0], rest]), inputs: inputs.length, bytes };
}

/** Undefined for what the API rejects, or might reject for its neighbours. */
function inputsOf({ input }: Body): Inputs | undefined {
  if (typeof input === 'string') return [input];
  if (!Array.isArray(input) || input.length === 0) return undefined;
  const values = input as unknown[];
  if (values.every((value) => typeof value === 'number')) return [values];
  if (values.every((value) => typeof value === 'string')) return values;
  return values.every((value) => Array.isArray(value)) ? values : undefined;
}

/** The request of a pack. */
export function bodyOf(pack: Pack): Body {
  const [{ line }] = pack;
  return pack.length === 1
    ? line.body
    : { ...line.body, input: pack.flatMap((pending) => inputsOf(pending.line.body) ?? []) };
}

interface EmbeddingsBody {
  readonly data: readonly { readonly index: number }[];
  readonly usage: object;
}

/** The body of each line in the response of a pack. @param inputTokens of each input of the pack. */
export function bodiesIn({ body }: Pick<LineResponse, 'body'>, pack: Pack, inputTokens: readonly number[]): Buffer[] {
  const response = JSON.parse(body.toString('utf8')) as EmbeddingsBody;
  let from = 0;
  return pack.map(({ line }) => {
    const to = from + (inputsOf(line.body)?.length ?? 0);
    const tokens = inputTokens.slice(from, to).reduce((sum, count) => sum + count, 0);
    const data = response.data.slice(from, to).map((entry, index) => ({ ...entry, index }));
    from = to;
    const usage = { ...response.usage, prompt_tokens: tokens, total_tokens: tokens };
    return Buffer.from(JSON.stringify({ ...response, data, usage }));
  });
}
