/** Compares the ledger with what the workers have reported, as an operator does. */
import { projectRoot } from '@xerotier/dev';
import type { Platform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { execFile } from 'node:child_process';
import { join } from 'node:path';

interface Totals {
  readonly driftTokens: number;
  readonly requests: Readonly<Record<string, number>>;
}

/** Waits until all reports can be compared. @returns the tokens by which they differ. */
export async function ledgerDrift(platform: Platform, timeoutMs: number): Promise<number> {
  const totals = await eventually(
    'all reports of workers can be compared with the ledger',
    async () => {
      const found = await reconcile(platform);
      return found.requests['pending'] === 0 ? found : undefined;
    },
    timeoutMs,
  );
  return totals.driftTokens;
}

function reconcile(platform: Platform): Promise<Totals> {
  const main = join(projectRoot, 'apps/auth/dist/main.js');
  const { env } = platform.service('auth').spec;
  return new Promise((resolve, reject) => {
    // Its exit code says whether they differ, which the totals do too.
    execFile(process.execPath, [main, 'ledger', 'reconcile'], { env: { ...env } }, (error, stdout, stderr) => {
      const last = stdout.trim().split('\n').at(-1) ?? '';
      try {
        resolve(JSON.parse(last) as Totals);
      } catch {
        reject(new Error(`auth ledger reconcile failed: ${stderr}`, { cause: error }));
      }
    });
  });
}
