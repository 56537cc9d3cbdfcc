export { AccountSealer, openAccount } from './account-seal.ts';
export { decodeFacts, encodeFacts } from './request-facts.ts';
