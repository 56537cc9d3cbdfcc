import { generateApiKey } from '@xerotier/api-keys';
import { seedDocument } from './seed-document.ts';

const valid = {
  team: { name: 'Home' },
  project: { id: 'proj_HOME000001', name: 'Home', slug: 'home' },
  endpoints: [{ slug: 'chat', modelId: 'tiny', tier: 'free' }],
  keys: [{ name: 'mine', scopes: ['inference'], value: generateApiKey('home') }],
};

describe('seedDocument', () => {
  it('accepts a full document, and one without an id', () => {
    expect(seedDocument.safeParse(valid).success).toBe(true);
    expect(seedDocument.safeParse({ ...valid, project: { name: 'Home', slug: 'home' } }).success).toBe(true);
  });

  it('defaults the task of an endpoint to generate', () => {
    const endpoints = [...valid.endpoints, { slug: 'vectors', modelId: 'tiny', tier: 'free', task: 'embed' }];
    const tasks = seedDocument.parse({ ...valid, endpoints }).endpoints.map(({ task }) => task);
    expect(tasks).toEqual(['generate', 'embed']);
  });

  it.each([
    ['an id that is invalid in a host name', { project: { ...valid.project, id: 'proj_lower00001' } }],
    ['a slug with an underscore', { project: { ...valid.project, slug: 'under_score' } }],
    ['a model id with a dot', { endpoints: [{ slug: 'chat', modelId: 'a.b', tier: 'free' }] }],
    ['an unknown task', { endpoints: [{ slug: 'chat', modelId: 'a', tier: 'free', task: 'draw' }] }],
    ['a key without scopes', { keys: [{ ...valid.keys[0], scopes: [] }] }],
    ['an unknown scope', { keys: [{ ...valid.keys[0], scopes: ['everything'] }] }],
    ['an unknown field', { extra: true }],
    ['no team', { team: undefined }],
  ])('rejects %s', (_, change) => {
    expect(seedDocument.safeParse({ ...valid, ...change }).success).toBe(false);
  });

  it('rejects a key with a wrong checksum without including it in the error', () => {
    const value = `${valid.keys[0]?.value.slice(0, -1)}!`;
    const result = seedDocument.safeParse({ ...valid, keys: [{ ...valid.keys[0], value }] });
    expect(result.success).toBe(false);
    expect(JSON.stringify(result.error?.issues)).not.toContain(value);
  });
});
