import { projectId } from '@xerotier/contracts/ids';
import { generateProjectId } from './project-id.ts';

describe('generateProjectId', () => {
  it('generates ids that are valid in case-insensitive host names', () => {
    const id = generateProjectId();
    expect(id).toMatch(/^proj_[A-Z0-9]{10}$/);
    expect(projectId.safeParse(id).success).toBe(true);
  });

  it('generates unique ids', () => {
    expect(new Set(Array.from({ length: 1_000 }, generateProjectId)).size).toBe(1_000);
  });
});
