import type { ResponseRequest } from '@xerotier/public-api/responses';
import { estimateOf } from './turns.service.ts';

const estimated = (...content: object[]): number =>
  estimateOf({ input: [{ type: 'message', role: 'user', content }] } as unknown as ResponseRequest, undefined)
    .promptTokens;

describe('estimateOf', () => {
  it('counts text, and not the bytes of files and images', () => {
    const text = { type: 'input_text', text: 'a'.repeat(4_000) };
    const few = estimated({ ...text, text: '' });
    expect(estimated(text)).toBe(few + 1_000);
    const content = 'A'.repeat(4_000_000);
    const file = { type: 'input_file', filename: 'a.pdf', file_data: content };
    const image = { type: 'input_image', image_url: `data:image/png;base64,${content}`, detail: 'auto' };
    expect(estimated(text, file, image)).toBeLessThan(estimated(text) + 100);
  });
});
