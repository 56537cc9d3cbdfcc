export { AccountSealer, openAccount } from './account-seal.ts';
