import { seedCommand } from '@xerotier/service-host/database';
import { settings } from '../config.ts';
import { ModelsService } from '../models/models.service.ts';
import { seedDocument } from './seed-document.ts';
import { SeedModule } from './seed.module.ts';

export const seed = seedCommand({
  settings: { database: settings.database },
  document: seedDocument,
  shape: '{ "models": [{ "id", "name", "ownedBy", "contextTokens"? }] }',
  module: SeedModule,
  seed: (app, { models }) => app.get(ModelsService, { strict: false }).upsert(models),
});
