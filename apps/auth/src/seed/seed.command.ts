import { SYSTEM_LOG_ID } from '@xerotier/contracts/auth';
import { seedCommand } from '@xerotier/service-host/database';
import { PendingAccessChanges } from '../access/pending-access-changes.ts';
import { BootstrapTokensService } from '../bootstrap/bootstrap-tokens.service.ts';
import { operatorContext } from '../changes/operator-context.ts';
import { settings } from '../config.ts';
import { seedDocument } from './seed-document.ts';
import { SeedModule } from './seed.module.ts';
import { EndedKeysError, SeedService } from './seed.service.ts';
import { warnOfUnservedModels } from './unserved-models.ts';

const SHAPE = `{ "team": { "name" }, "project": { "id"?, "name", "slug" },
  "endpoints": [{ "slug", "modelId", "tier" }],
  "keys": [{ "name", "scopes", "value" }], "bootstrap"? }
and prints { "projectId": "...", "bootstrapToken"? }; or, with exit code 1,
{ "endedKeys": ["..."] } when keys of these names were
revoked or rotated, and nothing has changed`;

export const seed = seedCommand({
  settings,
  document: seedDocument,
  shape: SHAPE,
  module: SeedModule,
  seed: async (app, document, { config, log, stdout, stderr }) => {
    const seeded = await app
      .get(SeedService)
      .apply(document)
      .catch((error: unknown) => {
        // For the program that generated the keys: it can generate others. The message for operators is on standard
        // error.
        if (error instanceof EndedKeysError) stdout.write(`${JSON.stringify({ endedKeys: error.endedKeys })}\n`);
        throw error;
      });
    await app.get(PendingAccessChanges, { strict: false }).announce(config.nats.url, log);
    await warnOfUnservedModels(document, config.nats.url, stderr, log);
    if (!document.bootstrap) return seeded;
    const options = { ownedProject: seeded.projectId };
    const issued = await app.get(BootstrapTokensService).issue(operatorContext(SYSTEM_LOG_ID), options);
    return { ...seeded, bootstrapToken: issued?.token ?? null };
  },
});
