export { beginTotp, confirmTotp, disableTotp, replaceRecoveryCodes } from './second-factor.api.ts';
