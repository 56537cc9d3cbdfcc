import { generateApiKey } from '@xerotier/api-keys';
import { seedDocument } from './seed-document.ts';

const valid = {
  team: { name: 'Home' },
  project: { id: 'proj_HOME000001', name: 'Home', slug: 'home' },
  endpoints: [{ slug: 'chat', modelId: 'tiny', tier: 'free' }],
  keys: [{ name: 'mine', scopes: ['inference'], value: generateApiKey('home') }],
};

describe('seedDocument', () => {
  it('takes a document with everything, and one without an id', () => {
    expect(seedDocument.safeParse(valid).success).toBe(true);
    expect(seedDocument.safeParse({ ...valid, project: { name: 'Home', slug: 'home' } }).success).toBe(true);
  });

  it('takes endpoints for chat unless they say another task', () => {
    const endpoints = [...valid.endpoints, { slug: 'vectors', modelId: 'tiny', tier: 'free', task: 'embed' }];
    const tasks = seedDocument.parse({ ...valid, endpoints }).endpoints.map(({ task }) => task);
    expect(tasks).toEqual(['generate', 'embed']);
  });

  it.each([
    ['an id that a host name cannot carry', { project: { ...valid.project, id: 'proj_lower00001' } }],
    ['a slug with an underscore', { project: { ...valid.project, slug: 'under_score' } }],
    ['a model id with a dot', { endpoints: [{ slug: 'chat', modelId: 'a.b', tier: 'free' }] }],
    ['a task that does not exist', { endpoints: [{ slug: 'chat', modelId: 'a', tier: 'free', task: 'draw' }] }],
    ['a key without scopes', { keys: [{ ...valid.keys[0], scopes: [] }] }],
    ['a scope that does not exist', { keys: [{ ...valid.keys[0], scopes: ['everything'] }] }],
    ['a field that does not exist', { extra: true }],
    ['no team', { team: undefined }],
  ])('refuses %s', (_, change) => {
    expect(seedDocument.safeParse({ ...valid, ...change }).success).toBe(false);
  });

  it('refuses a key with a wrong checksum without repeating it', () => {
    const value = `${valid.keys[0]?.value.slice(0, -1)}!`;
    const result = seedDocument.safeParse({ ...valid, keys: [{ ...valid.keys[0], value }] });
    expect(result.success).toBe(false);
    expect(JSON.stringify(result.error?.issues)).not.toContain(value);
  });
});
