export {
  acceptInvitation,
  createInvitation,
  invitationsOperations,
  listInvitations,
  revokeInvitation,
} from './invitations.api.ts';
