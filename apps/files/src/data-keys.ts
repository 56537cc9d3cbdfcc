import type { DataKeysOptions } from '@xerotier/data-keys';

/** The data keys of this service. */
export const dataKeys: DataKeysOptions = { schema: 'files', masterKey: 'FILES_MASTER_KEY' };
