import { loadConfig } from '@xerotier/config';
import { SYSTEM_LOG_ID } from '@xerotier/contracts/auth';
import type { TierPriceRecord } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { CommandError, createCommandApp, UsageError } from '@xerotier/service-host';
import type { Command, CommandContext } from '@xerotier/service-host';
import { operatorContext } from '../changes/operator-context.ts';
import { settings } from '../config.ts';
import { PricesCommandModule } from './prices-command.module.ts';
import { PricesService } from './prices.service.ts';
import type { NewPrice } from './prices.service.ts';

const MICROS_MAX = 1_000_000_000;

export const prices: Command = {
  name: 'prices',
  usage: [
    { call: 'prices list <tier>', does: 'prints the versions of the prices of a tier, the latest first' },
    {
      call: 'prices set <tier> <input> <cached-input> <output> <batch-discount-percent> [valid-from]',
      does: 'adds a version of prices, in millionths of a US dollar per million tokens; valid now, or from an RFC 3339 time on',
    },
  ],
  run: runPrices,
};

const EXPECTED: ReadonlySet<string> = new Set(['tier.not_found', 'tier.price_too_early']);

async function runPrices(args: readonly string[], context: CommandContext): Promise<void> {
  const [action, tier, ...values] = args;
  const isCall = (action === 'list' && values.length === 0) || (action === 'set' && [4, 5].includes(values.length));
  if (!isCall || tier === undefined) throw new UsageError('expected an action, a tier and its prices.');
  const price = action === 'set' ? readPrice(tier, values) : undefined;
  const app = await createCommandApp(PricesCommandModule, loadConfig(settings, context.env), context);
  try {
    const service = app.get(PricesService);
    const printed =
      price === undefined ? await service.list(tier) : [await service.add(operatorContext(SYSTEM_LOG_ID), price)];
    for (const version of printed) context.stdout.write(`${JSON.stringify(printable(version))}\n`);
  } catch (error) {
    if (AppError.is(error) && EXPECTED.has(error.code)) throw new CommandError(error.message);
    throw error;
  } finally {
    await app.close();
  }
}

function readPrice(tier: string, [input, cachedInput, output, discount, validFrom]: readonly string[]): NewPrice {
  return {
    tier,
    inputMicros: readInteger(input, MICROS_MAX),
    cachedInputMicros: readInteger(cachedInput, MICROS_MAX),
    outputMicros: readInteger(output, MICROS_MAX),
    batchDiscountPercent: readInteger(discount, 100),
    ...(validFrom !== undefined && { validFrom: readTime(validFrom).getTime() }),
  };
}

function readInteger(text = '', max: number): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) > max)
    throw new UsageError(`expected an integer from 0 to ${max}, not '${text}'.`);
  return Number(text);
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?(?:Z|[+-]\d\d:\d\d)$/;

function readTime(text: string): Date {
  const time = new Date(text);
  if (!RFC_3339.test(text) || Number.isNaN(time.getTime()))
    throw new UsageError(`expected a time such as 2026-12-01T00:00:00Z, not '${text}'.`);
  return time;
}

function printable({ validFrom, createdAt, ...price }: TierPriceRecord): object {
  return { ...price, validFrom: new Date(validFrom), createdAt: new Date(createdAt) };
}
