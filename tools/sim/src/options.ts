import { parseArgs } from 'node:util';
import type { ComparisonOptions } from './comparison.ts';
import { policiesOf } from './policies.ts';
import { TRACES } from './traces.ts';

export const USAGE = `Compares policies of placement on modelled engines.

  npm run sim -- [options]

  --engines <n>      engines of the fleet (default 8, at most 1,000)
  --seconds <n>      simulated time (default 120, at most 3,600)
  --seed <n>         the same seed has the same result (default 1)
  --traces <names>   of ${TRACES.map(({ name }) => name).join(', ')}
  --policies <names> of ${Object.keys(policiesOf(1)).join(' | ')}; separated by |
  --write            write the tables of docs/scheduler.md
`;

export interface SimOptions extends ComparisonOptions {
  readonly writes: boolean;
}

/** @throws {Error} that names an invalid argument. */
export function parseOptions(args: readonly string[]): SimOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      engines: { type: 'string', default: '8' },
      seconds: { type: 'string', default: '120' },
      seed: { type: 'string', default: '1' },
      traces: { type: 'string' },
      policies: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const traceNames = TRACES.map(({ name }) => name);
  return {
    engines: integer('--engines', values.engines, 1, 1_000),
    seconds: integer('--seconds', values.seconds, 1, 3_600),
    seed: integer('--seed', values.seed, 0, 2 ** 32 - 1),
    traces: names('--traces', values.traces, ',', traceNames),
    policies: names('--policies', values.policies, '|', Object.keys(policiesOf(1))),
    writes: values.write,
  };
}

function integer(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw new Error(`${option}: expected an integer from ${min} to ${max}, got "${text}"`);
  return value;
}

function names(
  option: string,
  text: string | undefined,
  separator: string,
  known: readonly string[],
): string[] | undefined {
  const given = text?.split(separator).map((name) => name.trim());
  const unknown = given?.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`${option}: unknown "${unknown}", expected some of: ${known.join(', ')}`);
  return given;
}
