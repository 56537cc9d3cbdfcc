import { loadConfig } from '@xerotier/config';
import { CommandError, createCommandApp, UsageError } from '@xerotier/service-host';
import type { Command, CommandContext } from '@xerotier/service-host';
import { settings } from '../config.ts';
import { LedgerCheckService } from './ledger-check.service.ts';
import type { CheckedRequest } from './ledger-check.service.ts';
import { LedgerCommandModule } from './ledger-command.module.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z)?$/;

export const ledger: Command = {
  name: 'ledger',
  usage: [
    {
      call: 'ledger reconcile [from] [to]',
      does: 'compares the ledger with the reports of workers that were received\nin this time (2026-11-29 or 2026-11-29T19:00Z; default: the last day);\nfails if they differ, or if the ledger lacks a request',
    },
  ],
  run: runLedger,
};

async function runLedger(args: readonly string[], context: CommandContext): Promise<void> {
  const [action, from, to, ...rest] = args;
  if (action !== 'reconcile' || rest.length > 0) throw new UsageError("expected 'reconcile' and a range of time.");
  const until = timeOf(to) ?? new Date();
  const range = { from: timeOf(from) ?? new Date(until.getTime() - DAY_MS), to: until };
  const app = await createCommandApp(LedgerCommandModule, loadConfig(settings, context.env), context);
  try {
    await reconcileRange(app.get(LedgerCheckService), range, context);
  } finally {
    await app.close();
  }
}

function timeOf(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const time = new Date(text);
  if (!TIME.test(text) || Number.isNaN(time.getTime()))
    throw new UsageError(`expected a time such as 2026-11-29 or 2026-11-29T19:00Z, but got '${text}'.`);
  return time;
}

/** Prints each request that differs, and the totals, as lines of JSON. */
async function reconcileRange(
  service: LedgerCheckService,
  range: { from: Date; to: Date },
  { stdout }: CommandContext,
): Promise<void> {
  const requests: Record<CheckedRequest['result'], number> = {
    ...{ matched: 0, estimated: 0, unreported: 0, pending: 0 },
    ...{ drift: 0, unrecorded: 0, unkept: 0 },
  };
  let driftTokens = 0;
  for await (const checked of service.check(range)) {
    requests[checked.result] += 1;
    driftTokens += checked.tokens;
    if (checked.result !== 'matched') stdout.write(`${JSON.stringify(checked)}\n`);
  }
  stdout.write(`${JSON.stringify({ ...range, requests, driftTokens })}\n`);
  const different = requests.drift + requests.unrecorded;
  if (different > 0) throw new CommandError(`The ledger differs by ${driftTokens} tokens in ${different} requests.`);
}
