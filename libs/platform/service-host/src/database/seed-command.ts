import type { DynamicModule, INestApplicationContext, Type } from '@nestjs/common';
import { loadConfig } from '@xerotier/config';
import type { ConfigOf, SettingsTree } from '@xerotier/config';
import type { databaseSettings } from '@xerotier/db';
import type { z } from 'zod';
import { createCommandApp } from '../commands/command-app.ts';
import { CommandError, readAll, UsageError } from '../commands/command.ts';
import type { Command, CommandContext } from '../commands/command.ts';

const DOCUMENT_BYTES_MAX = 1024 * 1024;

/** The document contradicts itself or what is stored. Its message tells what to change, and holds no secret. */
export class SeedError extends CommandError {
  override readonly name: string = 'SeedError';
}

export interface SeedCommandOptions<S extends SettingsTree, Document extends z.ZodType> {
  /** What seeding needs of the service's settings. */
  readonly settings: S;
  readonly document: Document;
  /** What the document looks like, for the usage text. */
  readonly shape: string;
  /** The providers that seeding needs, with their database. */
  readonly module: Type | DynamicModule;
  /** @returns what is printed as JSON; undefined for nothing. @throws {SeedError} */
  readonly seed: (
    app: INestApplicationContext,
    document: z.output<Document>,
    context: CommandContext & { readonly config: ConfigOf<S> },
  ) => Promise<unknown>;
}

/** `seed`: migrates, then brings the database to what a JSON document on standard input says. */
export function seedCommand<
  S extends SettingsTree & { readonly database: typeof databaseSettings },
  Document extends z.ZodType,
>({ settings, document: schema, shape, module, seed }: SeedCommandOptions<S, Document>): Command {
  return {
    name: 'seed',
    usage: [{ call: 'seed', does: `migrates, then reads a JSON document from standard input:\n${shape}` }],
    run: async (args, context) => {
      if (args.length > 0) throw new UsageError('it takes no arguments, but a document on standard input.');
      const { env, stdin, stdout } = context;
      const config = loadConfig(settings, env);
      const document = parseDocument(schema, await readAll(stdin, DOCUMENT_BYTES_MAX));
      // A document may name what only the newest schema has.
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

/** Messages name the place in the document and never what is there, which may be a secret. */
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
  throw new SeedError(`The document does not fit: ${problems.join('; ')}.`);
}
