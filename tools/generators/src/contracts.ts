/** The contracts of all owners: the exports of the folders of `libs/contracts/src`. */
import type {
  Contract,
  EventContract,
  RequestContract,
  ServiceContract,
  StreamContract,
} from '@xerotier/contracts/define';
import { existsSync, readdirSync } from 'node:fs';

type Operations = Record<string, RequestContract | StreamContract>;

export interface Contracts {
  readonly services: readonly ServiceContract<Operations>[];
  /** By the name of their export. */
  readonly events: Readonly<Record<string, EventContract>>;
}

export async function loadContracts(): Promise<Contracts> {
  const folder = new URL('../../../libs/contracts/src/', import.meta.url);
  const services: ServiceContract<Operations>[] = [];
  const events: Record<string, EventContract> = {};
  for (const owner of readdirSync(folder).sort()) {
    const index = new URL(`${owner}/index.ts`, folder);
    if (!existsSync(index)) continue;
    for (const [name, value] of Object.entries((await import(index.href)) as Record<string, unknown>)) {
      if (isService(value)) services.push(value);
      else if ((value as Contract).kind === 'event') events[name] = value as EventContract;
    }
  }
  return { services, events };
}

function isService(value: unknown): value is ServiceContract<Operations> {
  return typeof (value as { operations?: unknown }).operations === 'object';
}
