import type { DataKeysOptions } from '@xerotier/data-keys';

/** The data keys of this service. */
export const dataKeys: DataKeysOptions = { schema: 'batch', masterKey: 'BATCH_MASTER_KEY' };
