import { loadConfig } from '@xerotier/config';
import { CommandError, createCommandApp, UsageError } from '@xerotier/service-host';
import type { Command, CommandContext } from '@xerotier/service-host';
import { settings } from '../config.ts';
import type { DayRange } from './rollups.repository.ts';
import { RollupsService } from './rollups.service.ts';
import { UsageCommandModule } from './usage-command.module.ts';

export const usage: Command = {
  name: 'usage',
  usage: [
    {
      call: 'usage check <start> <end>',
      does: 'compares the sums of days with the ledger: prints the projects and days that differ, with exit code 1',
    },
    {
      call: 'usage rebuild <start> <end>',
      does: 'calculates the sums of days from the ledger again; the end is excluded',
    },
  ],
  run: runUsage,
};

async function runUsage(args: readonly string[], context: CommandContext): Promise<void> {
  const [action, start, end, ...rest] = args;
  if ((action !== 'check' && action !== 'rebuild') || rest.length > 0)
    throw new UsageError('expected check or rebuild, and two days such as 2026-12-01.');
  const range = readRange(start, end);
  const app = await createCommandApp(UsageCommandModule, loadConfig(settings, context.env), context);
  try {
    const rollups = app.get(RollupsService);
    if (action === 'rebuild') return await rollups.rebuild(range);
    let days = 0;
    for await (const difference of rollups.differences(range)) {
      days += 1;
      context.stdout.write(`${JSON.stringify(difference)}\n`);
    }
    if (days > 0) throw new CommandError(`The sums of ${days} days differ from the ledger.`);
  } finally {
    await app.close();
  }
}

function readRange(start: string | undefined, end: string | undefined): DayRange {
  if (start === undefined || end === undefined || !isDay(start) || !isDay(end) || start >= end)
    throw new UsageError('expected two days such as 2026-12-01, the first before the second.');
  return { start, end };
}

function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}
