import { createResponseRequest } from '@xerotier/public-api/responses';
import { modelToolName, servedTools } from './served-tools.ts';

const add = { type: 'function', name: 'add', parameters: null, strict: null, description: null };
const sql = { type: 'custom', name: 'sql' };

describe('servedTools', () => {
  it('has the tools of namespaces by names that begin with theirs', () => {
    const tools = [add, { type: 'namespace', name: 'maths', description: 'Sums.', tools: [add, sql] }, { type: 'mcp' }];
    const served = servedTools(createResponseRequest.parse({ model: 'm', input: 'a', tools }));
    expect([...served].map(([name, { tool, namespace }]) => [name, tool.type, tool.name, namespace])).toEqual([
      ['add', 'function', 'add', undefined],
      ['maths__add', 'function', 'add', 'maths'],
      ['maths__sql', 'custom', 'sql', 'maths'],
    ]);
  });
});

describe('modelToolName', () => {
  it('has one separator, also if the namespace ends with it', () => {
    expect(modelToolName('search', 'mcp__docs__')).toBe('mcp__docs__search');
    expect(modelToolName('search', 'mcp__docs')).toBe('mcp__docs__search');
  });

  it('is one that chat completions accept, and is the same each time', () => {
    const long = modelToolName('n'.repeat(64), 's'.repeat(64));
    expect(long).toMatch(/^s{55}_[0-9a-f]{8}$/);
    expect(modelToolName('n'.repeat(64), 's'.repeat(64))).toBe(long);
    expect(modelToolName('m'.repeat(64), 's'.repeat(64))).not.toBe(long);
    expect(modelToolName('n'.repeat(64), undefined)).toHaveLength(64);
  });
});
