import { loadConfig } from '@xerotier/config';
import type { Logger } from '@xerotier/log';
import { KeyHasher } from '../api-keys/key-hasher.ts';
import { settings } from '../config.ts';
import { SeedRepository } from '../seed/seed.repository.ts';
import { EndedKeysError, SeedError, SeedService } from '../seed/seed.service.ts';
import { seedDocument } from '../seed/seed-document.ts';
import type { SeedDocument } from '../seed/seed-document.ts';
import { readAll, UsageError } from './command-io.ts';
import type { CommandIo } from './command-io.ts';
import { unservedModels } from './unserved-models.ts';
import { withAuthDatabase } from './with-auth-database.ts';

const DOCUMENT_BYTES_MAX = 1024 * 1024;

export async function runSeedCommand(args: readonly string[], io: CommandIo, log: Logger): Promise<void> {
  if (args.length > 0) throw new UsageError('it takes no arguments, but a document on standard input.');
  const config = loadConfig(settings, io.env);
  const document = parseDocument(await readAll(io.stdin, DOCUMENT_BYTES_MAX));
  const seeded = await withAuthDatabase(
    // A document may name what only the newest schema has.
    { ...config, database: { ...config.database, migrateOnStart: true } },
    log,
    (database, announce) =>
      new SeedService(new SeedRepository(database), new KeyHasher(config.keys.pepper), announce).apply(document),
  ).catch((error: unknown) => {
    // For the program that made the keys: it can make others. The message for people goes to standard error.
    if (error instanceof EndedKeysError) io.stdout.write(`${JSON.stringify({ endedKeys: error.endedKeys })}\n`);
    throw error;
  });
  io.stdout.write(`${JSON.stringify(seeded)}\n`);
  await warnOfUnservedModels(document, config.nats.url, io, log);
}

/** An endpoint may come before its worker, so this is no error; a typing error in the model would look the same for ever. */
async function warnOfUnservedModels(
  { endpoints }: SeedDocument,
  natsUrl: string,
  io: CommandIo,
  log: Logger,
): Promise<void> {
  const modelIds = endpoints.map(({ modelId }) => modelId);
  const unserved = await unservedModels(natsUrl, modelIds, log);
  for (const { slug, modelId } of endpoints) {
    if (!unserved.includes(modelId)) continue;
    io.stderr.write(
      `auth seed: warning: nobody serves the model '${modelId}' of the endpoint '${slug}'. Its requests get 503 until a worker does: check the name, or start one with XIM_MODEL_ID=${modelId}.\n`,
    );
  }
}

/** Messages name the place in the document and never what is there, which may be a key. */
function parseDocument(text: string): SeedDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SeedError('Standard input is not JSON.');
  }
  const result = seedDocument.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join('.') || 'the document'}: ${issue.message}`);
  throw new SeedError(`The document does not fit: ${problems.join('; ')}.`);
}
