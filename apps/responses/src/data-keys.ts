import type { DataKeysOptions } from '@xerotier/data-keys';

/** The data keys of this service. */
export const dataKeys: DataKeysOptions = { schema: 'responses', masterKey: 'RESPONSES_MASTER_KEY' };
