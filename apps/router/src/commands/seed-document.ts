import { model } from '@xerotier/contracts/router';
import { z } from 'zod';

export class SeedError extends Error {
  override readonly name = 'SeedError';
}

const seedDocument = z.object({ models: z.array(model.omit({ createdAt: true })).max(1_000) });

/** @throws {SeedError} that names the place in the document. */
export function parseSeedDocument(document: string): z.infer<typeof seedDocument> {
  let value: unknown;
  try {
    value = JSON.parse(document);
  } catch {
    throw new SeedError('Standard input is not JSON.');
  }
  const result = seedDocument.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || 'the document'}: ${message}`);
  throw new SeedError(`The document does not fit: ${problems.join('; ')}.`);
}
