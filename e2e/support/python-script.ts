/** Scripts of `../python`, each of which exercises one library and reports what its functions return. */
import { join } from 'node:path';
import { runProgram } from './program.ts';
import { bytecodeFolder, pythonFolder, pythonPath } from './python.ts';
import type { Python } from './python.ts';
import type { TestPlatform } from './test-platform.ts';

/* eslint-disable-next-line @typescript-eslint/no-explicit-any -- each library has its own types */
export type Value = any;

export interface ScriptResult {
  readonly value: Value;
  readonly error?: string;
  readonly sent: readonly Record<string, unknown>[];
  /** The cities that the tool was called with. */
  readonly measured: readonly string[];
}

type Environment = Readonly<Record<string, string>>;

/**
 * Returns a function that runs the script on its first call and returns the result of one of its functions.
 *
 * @param env in addition to the connection; it is called inside a test.
 */
export function scriptOf(
  test: TestPlatform,
  python: Python,
  name: string,
  env: () => Environment = () => ({}),
): (functionName: string) => Promise<ScriptResult> {
  let running: Promise<Record<string, ScriptResult>> | undefined;
  return async (functionName) => {
    running ??= run(test, python, name, env());
    const result = (await running)[functionName];
    if (result === undefined || result.error !== undefined)
      throw new Error(`${name} ${functionName}: ${result?.error}`);
    return result;
  };
}

async function run(
  test: TestPlatform,
  python: Python,
  name: string,
  env: Environment,
): Promise<Record<string, ScriptResult>> {
  const { code, stdout, stderr } = await runProgram(pythonPath(python), [join(pythonFolder, name)], {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      PYTHONPYCACHEPREFIX: bytecodeFolder,
      XEROTIER_BASE_URL: test.api.endpointUrl,
      XEROTIER_API_KEY: test.description.apiKey,
      XEROTIER_MODEL: test.description.model,
      ...env,
    },
  });
  process.stderr.write(stderr);
  if (code !== 0) throw new Error(`${name} exited with code ${code}: ${stderr}`);
  return JSON.parse(stdout) as Record<string, ScriptResult>;
}
