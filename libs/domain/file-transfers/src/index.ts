export { TransferClient } from './transfer-client.ts';
export type { FormToSend } from './transfer-client.ts';
