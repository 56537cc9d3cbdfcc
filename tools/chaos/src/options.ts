import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

export interface ChaosOptions {
  readonly minutes: number;
  readonly seed: number;
}

export const usage = `Kills services and servers at random while batches run, and checks that nothing was lost or charged twice.

  npm run chaos -- [options]

  --minutes <n>   for how long (default 5, at most 600; 0.5 is half a minute)
  --seed <n>      repeats the order of the faults of an earlier run (default: random)

It starts a platform of its own, and leaves any other one alone.
`;

const SEED_MAX = 2 ** 32 - 1;
const MINUTES_DEFAULT = 5;
const MINUTES_MAX = 600;

/** Parses the arguments. @throws {Error} that names an invalid one. */
export function parseOptions(args: string[]): ChaosOptions | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const minutes = numberOf('minutes', values.minutes) ?? MINUTES_DEFAULT;
  if (minutes <= 0 || minutes > MINUTES_MAX)
    throw new Error(`--minutes: expected more than 0 and at most ${MINUTES_MAX}, but got ${minutes}.`);
  const seed = numberOf('seed', values.seed) ?? randomInt(SEED_MAX);
  if (!Number.isInteger(seed) || seed < 0 || seed > SEED_MAX)
    throw new Error(`--seed: expected a whole number from 0 to ${SEED_MAX}, but got ${seed}.`);
  return { minutes, seed };
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+(\.\d+)?$/.test(text)) throw new Error(`--${name}: expected a number, but got '${text}'.`);
  return Number(text);
}
