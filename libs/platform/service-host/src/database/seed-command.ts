import type { DynamicModule, INestApplicationContext, Type } from '@nestjs/common';
import { loadConfig } from '@xerotier/config';
import type { ConfigOf, SettingsTree } from '@xerotier/config';
import type { databaseSettings } from '@xerotier/db';
import type { z } from 'zod';
import { createCommandApp } from '../commands/command-app.ts';
import { CommandError, readAll, UsageError } from '../commands/command.ts';
import type { Command, CommandContext } from '../commands/command.ts';

const DOCUMENT_BYTES_MAX = 1024 * 1024;

/** The document contradicts itself or the stored data. The message explains what to change, and contains no secret. */
export class SeedError extends CommandError {
  override readonly name: string = 'SeedError';
}

export interface SeedCommandOptions<S extends SettingsTree, Document extends z.ZodType> {
  /** The settings that seeding needs. */
  readonly settings: S;
  readonly document: Document;
  /** The shape of the document, for the usage text. */
  readonly shape: string;
  /** The providers that seeding needs, with their database. */
  readonly module: Type | DynamicModule;
  /** @returns a value to print as JSON, or undefined. @throws {SeedError} */
  readonly seed: (
    app: INestApplicationContext,
    document: z.output<Document>,
    context: CommandContext & { readonly config: ConfigOf<S> },
  ) => Promise<unknown>;
}

/** `seed`: migrates, then applies a JSON document from standard input to the database. */
export function seedCommand<
  S extends SettingsTree & { readonly database: typeof databaseSettings },
  Document extends z.ZodType,
>({ settings, document: schema, shape, module, seed }: SeedCommandOptions<S, Document>): Command {
  return {
    name: 'seed',
    usage: [{ call: 'seed', does: `migrates, then reads a JSON document from standard input:\n${shape}` }],
    run: async (args, context) => {
      if (args.length > 0) throw new UsageError('takes no arguments, but a document on standard input.');
      const { env, stdin, stdout } = context;
      const config = loadConfig(settings, env);
      const document = parseDocument(schema, await readAll(stdin, DOCUMENT_BYTES_MAX));
      // A document may use columns of the newest schema.
      const database = { ...(config.database as object), migrateOnStart: true };
      const app = await createCommandApp(module, { ...config, database }, context);
      try {
        const result = await seed(app, document, { ...context, config });
        if (result !== undefined) stdout.write(`${JSON.stringify(result)}\n`);
      } finally {
        await app.close();
      }
    },
  };
}

/** Messages name the path in the document but no values, which may be secret. */
function parseDocument<Document extends z.ZodType>(schema: Document, text: string): z.output<Document> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SeedError('Standard input is not JSON.');
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || 'the document'}: ${message}`);
  throw new SeedError(`Invalid document: ${problems.join('; ')}.`);
}
