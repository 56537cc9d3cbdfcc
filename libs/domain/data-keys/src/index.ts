export { DataKeyEntity } from './data-key.entity.ts';
export { createDataKeyTable, dropDataKeyTable } from './data-key-table.ts';
export { DataKeysModule } from './data-keys.module.ts';
export type { DataKeysOptions } from './data-keys-options.ts';
export { dataKeyContext, DataKeysService } from './data-keys.service.ts';
export { reencryptCommand } from './reencrypt.command.ts';
