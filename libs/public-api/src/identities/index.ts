export {
  beginSignIn,
  completePendingSignIn,
  completeSignIn,
  deleteIdentity,
  linkIdentity,
  listIdentities,
  listSignInProviders,
} from './identities.api.ts';
export { identityProviderId } from './request.ts';
