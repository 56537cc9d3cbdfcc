/** All static checks. The output of each check says what to do. */
import { checkGeneratedFiles } from './generated-files.ts';
import { checkHouseRules } from './house-rules.ts';
import { projectRoot, runProgram } from './run-program.ts';
import type { ProgramResult } from './run-program.ts';
import { checkServiceRegistry } from './service-registry.ts';

export interface Check {
  /** What it checks, and in parentheses the word that `npm run check -- <word>` takes. */
  readonly name: string;
  readonly run: () => Promise<ProgramResult>;
}

/** Files that a test of the module boundaries creates for a moment, while the checks run beside the tests. */
const PROBES = '**/*-boundary-probe-*';

export const checks: readonly Check[] = [
  { name: 'format (prettier)', run: () => runProgram('prettier', ['--check', '--log-level', 'warn', '.']) },
  { name: 'types (tsc)', run: () => runProgram('tsc', ['-p', 'tsconfig.json', '--pretty', 'false']) },
  { name: 'lint and module boundaries (eslint)', run: lint },
  {
    name: 'dead code and undeclared dependencies (knip)',
    run: () => runProgram('knip', ['--no-progress', '--no-config-hints']),
  },
  { name: 'house rules (tidy)', run: async () => problems(await checkHouseRules(projectRoot)) },
  { name: 'services (registry)', run: async () => problems(await checkServiceRegistry(projectRoot)) },
  { name: 'generated files (gen)', run: async () => problems(await checkGeneratedFiles()) },
];

/** Returns the word in parentheses. */
export function wordOf({ name }: Check): string {
  return /\(([\w.]+)\)$/.exec(name)?.[1] ?? name;
}

/** The boundaries are read from Nx's project graph, which must be current. */
async function lint(): Promise<ProgramResult> {
  const graph = await runProgram('nx', ['show', 'projects']);
  return graph.ok ? runProgram('eslint', ['.', '--max-warnings', '0', '--ignore-pattern', PROBES]) : graph;
}

function problems(found: readonly string[]): ProgramResult {
  return { ok: found.length === 0, output: found.join('\n') };
}
