import { FileTexts } from './file-texts.ts';
import type { NamedContent } from './named-content.ts';

const NEVER = new AbortController().signal;

describe('FileTexts', () => {
  it('keeps the text of a key for its project only', async () => {
    const texts = new FileTexts(1);
    const read: string[] = [];
    const get = (projectId: string, key: string): Promise<string> => {
      const content = (): NamedContent => {
        read.push(`${projectId} ${key}`);
        return { name: 'a.txt', bytes: Buffer.from(`${key} of ${projectId}`) };
      };
      return texts.get(projectId, key, content, NEVER);
    };
    for (const [projectId, key] of [
      ['p', 'a'],
      ['q', 'a'],
      ['p', 'b'],
      ['p', 'a'],
      ['q', 'a'],
    ] as const)
      expect(await get(projectId, key)).toBe(`${key} of ${projectId}`);
    expect(read).toEqual(['p a', 'q a', 'p b']);
  });

  it('keeps no outage', async () => {
    const texts = new FileTexts(1);
    const outage = (): never => {
      throw new Error('outage');
    };
    await expect(texts.get('p', 'a', outage, NEVER)).rejects.toThrow('outage');
    const content = { name: 'a.txt', bytes: Buffer.from('one') };
    expect(await texts.get('p', 'a', () => content, NEVER)).toBe('one');
  });
});
