export { STORED_BYTES_MAX, responsesContract, storedCompletion } from './contract.ts';
export type { StoredCompletion } from './contract.ts';
export { conversationsContract } from './conversations.contract.ts';
export type { StoredConversation, StoredItem } from './conversations.contract.ts';
export { responseChanged, storedResponsesContract, turnsContract } from './turns.contract.ts';
