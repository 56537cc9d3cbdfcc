export { deleteMember, getMember, leaveProject, listMembers, membersOperations, updateMember } from './members.api.ts';
