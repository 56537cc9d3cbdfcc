export { archiveProject, getProject, projectsOperations, restoreProject, updateProject } from './projects.api.ts';
