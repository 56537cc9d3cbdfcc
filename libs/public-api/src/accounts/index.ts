export {
  accountsOperations,
  changePassword,
  createAccount,
  createProject,
  createSession,
  deleteCurrentSession,
  deleteOtherSessions,
  deleteSession,
  getAccount,
  listProjects,
  listSessions,
} from './accounts.api.ts';
