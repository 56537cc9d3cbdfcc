export { TransferClient } from './transfer-client.ts';
export type { FormToSend, IncomingContent } from './transfer-client.ts';
