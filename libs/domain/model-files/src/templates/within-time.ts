import { Script, createContext } from 'node:vm';
import { ModelRejection } from '../files/rejection.ts';

const SCRIPT = new Script('run()');

/**
 * Runs a function of this process, and interrupts it after the time: the only way to stop code that does not yield. It is no
 * sandbox.
 * @throws {ModelRejection} after the time; and what the function throws.
 */
export function withinTime<T>(timeMaxMs: number, run: () => T): T {
  const results: T[] = [];
  const context = createContext({ run: () => void results.push(run()) });
  try {
    SCRIPT.runInContext(context, { timeout: timeMaxMs });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new ModelRejection(`its chat template takes more than ${timeMaxMs} ms for a short conversation`);
  }
  return results[0] as T;
}
