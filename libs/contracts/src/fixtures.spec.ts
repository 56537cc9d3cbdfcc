/**
 * One golden sample of every message: earlier releases send what is in `fixtures/`. A file is named after its message,
 * `service.operation.part[.variant].json` or `event[.variant].json`. Samples with and without the optional fields are separate
 * variants. Files are added, never edited: a change that requires an edit requires a new version of the contract.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Contract, ServiceContract } from './define.ts';

const folder = join(import.meta.dirname, 'fixtures');
const files = readdirSync(folder);

const messages = new Map<string, z.ZodType>();
for (const owner of readdirSync(import.meta.dirname)) {
  const index = join(import.meta.dirname, owner, 'index.ts');
  if (existsSync(index)) addAll((await import(index)) as Record<string, unknown>);
}

function addAll(exported: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(exported)) {
    if (isService(value)) {
      for (const [operation, contract] of Object.entries(value.operations))
        addMessages(`${value.name}.${operation}`, contract);
    } else if (isContract(value)) addMessages(name, value);
  }
}

function addMessages(name: string, contract: Contract): void {
  switch (contract.kind) {
    case 'request':
      messages.set(`${name}.input`, contract.input).set(`${name}.output`, contract.output);
      break;
    case 'stream':
      messages.set(`${name}.input`, contract.input).set(`${name}.head`, contract.head).set(`${name}.end`, contract.end);
      break;
    case 'event':
      messages.set(name, contract.data);
  }
}

function isContract(value: unknown): value is Contract {
  return ['request', 'stream', 'event'].includes((value as { kind?: string }).kind ?? '');
}

function isService(value: unknown): value is ServiceContract<Record<string, Extract<Contract, { errors: unknown }>>> {
  return typeof (value as { operations?: unknown }).operations === 'object';
}

/** Returns the file of the message, or of each variant of a discriminated union. */
function expectedFiles(name: string, schema: z.ZodType): string[] {
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return [`${name}.json`];
  const { discriminator } = schema.def;
  return schema.options.map((option) => `${name}.${variantOf(option as z.ZodObject, discriminator)}.json`);
}

function variantOf(option: z.ZodObject, discriminator: string): string {
  return (option.shape[discriminator] as z.ZodLiteral<string>).value;
}

function messageOf(file: string): [string, z.ZodType] | undefined {
  const [name = '', schema] =
    [...messages].find(([message]) => file === `${message}.json` || file.startsWith(`${message}.`)) ?? [];
  return schema && [name, schema];
}

describe('golden messages', () => {
  it('exist for every message of every contract', () => {
    const expected = [...messages].flatMap(([name, schema]) => expectedFiles(name, schema));
    expect(expected.length).toBeGreaterThan(10);
    expect(expected.filter((file) => !files.includes(file))).toEqual([]);
  });

  it.each(files)('%s parses without losing a field', (file) => {
    const [name, schema] = messageOf(file) ?? [];
    if (schema === undefined)
      throw new Error(`${file} does not match a message. Expected one of: ${[...messages.keys()].join(', ')}`);
    const sample: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    expect([name, schema.parse(sample)]).toMatchObject([name, sample]);
  });
});
