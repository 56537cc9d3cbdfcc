import { projectId } from '@xerotier/contracts/ids';
import { generateProjectId } from './project-id.ts';

describe('generateProjectId', () => {
  it('makes ids that are the same in a host name, whose case is not kept', () => {
    const id = generateProjectId();
    expect(id).toMatch(/^proj_[A-Z0-9]{10}$/);
    expect(projectId.safeParse(id).success).toBe(true);
  });

  it('does not make the same id twice', () => {
    expect(new Set(Array.from({ length: 1_000 }, generateProjectId)).size).toBe(1_000);
  });
});
