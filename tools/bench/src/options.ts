import { parseArgs } from 'node:util';
import { standardTargets, targetNames } from './targets/target.ts';
import type { TargetName } from './targets/target.ts';

export interface BenchOptions {
  /** In the order of their columns. */
  targets: TargetName[];
  /** Whether the targets were named: each of them must then be available. */
  targetsNamed: boolean;
  rounds: number;
  seconds: number;
  selfCheck: boolean;
  profile: boolean;
  writePage: boolean;
  /** Names of the phases to measure; undefined for all. */
  phases: string[] | undefined;
  platformPath: string | undefined;
  /** Folder of another checkout whose platform is measured too. */
  baselinePath: string | undefined;
}

export const usage = `Measures the platform against other gateways.

  npm run bench -- [options]

  --targets <names>   of direct, nginx, portkey, baseline, xerotier; separated by commas (default: all that can run)
  --rounds <n>        number of rounds (default 3, at most 20)
  --phases <names>    of requests-1, requests-16, requests-64, responses-1, stored-responses-1, streams-400, streams-1000
                      (default: all)
  --seconds <n>       length of each load (default 3, at most 60)
  --quick             one round of one second; the numbers are only a hint
  --baseline <folder> also measure the platform of another checkout, with its dependencies installed (git worktree)
  --xerotier <path>   measure the running platform that this file describes (.xerotier/dev.json)
  --profile           afterwards take CPU profiles of the Node processes
  --write             write docs/benchmarks.md even with fewer targets or rounds
  --self-check        one tiny round of everything, to check that it works; nothing is written
`;

/** Fewer rounds give no meaningful median. */
export const pageRoundsMin = 3;

/** Parses the arguments. Throws an Error that names an invalid one. */
export function parseOptions(args: string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      targets: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      phases: { type: 'string' },
      quick: { type: 'boolean', default: false },
      xerotier: { type: 'string' },
      baseline: { type: 'string' },
      profile: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      'self-check': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    targets: chosenTargets(values.targets, values.baseline !== undefined),
    targetsNamed: values.targets !== undefined,
    rounds: parseNumber('--rounds', values.rounds ?? (values.quick ? '1' : '3'), 20),
    seconds: parseNumber('--seconds', values.seconds ?? (values.quick ? '1' : '3'), 60),
    phases: values.phases?.split(',').map((name) => name.trim()),
    selfCheck: values['self-check'],
    profile: values.profile,
    writePage: values.write,
    platformPath: values.xerotier,
    baselinePath: values.baseline,
  };
}

/** Returns the named targets or those of a full run, and the baseline if one is given. */
function chosenTargets(list: string | undefined, hasBaseline: boolean): TargetName[] {
  const chosen: readonly TargetName[] = list === undefined ? standardTargets : parseTargets(list);
  if (chosen.includes('baseline') && !hasBaseline)
    throw new Error('--targets: "baseline" needs --baseline <folder of another checkout>');
  return targetNames.filter((name) => chosen.includes(name) || (name === 'baseline' && hasBaseline));
}

function parseTargets(list: string): readonly TargetName[] {
  const names = list.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !targetNames.some((known) => known === name));
  if (unknown !== undefined)
    throw new Error(`--targets: unknown target "${unknown}", expected one of ${targetNames.join(', ')}`);
  return targetNames.filter((known) => names.includes(known));
}

function parseNumber(name: string, value: string, max: number): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1 && number <= max) return number;
  throw new Error(`${name} must be an integer between 1 and ${max}, not "${value}"`);
}
