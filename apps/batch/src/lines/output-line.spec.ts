import { outputLine } from './output-line.ts';

const response = { status: 200, requestId: 'req_1', body: Buffer.from('{"a": [1]}') };

describe('outputLine', () => {
  it('is one line of JSON, with the body as it was', () => {
    const text = outputLine('batch_1', 3, { customId: 'a"\n', response });
    expect(text.endsWith('}\n')).toBe(true);
    expect(text.indexOf('\n')).toBe(text.length - 1);
    expect(JSON.parse(text)).toEqual({
      id: expect.stringMatching(/^batch_req_[0-9a-f]{24}$/),
      custom_id: 'a"\n',
      response: { status_code: 200, request_id: 'req_1', body: { a: [1] } },
      error: null,
    });
  });

  it('has the body on one line, however it was written', () => {
    const pretty = { ...response, body: Buffer.from('{\n  "a": 1\n}') };
    expect(JSON.parse(outputLine('b', 1, { customId: 'a', response: pretty }))).toMatchObject({
      response: { body: { a: 1 } },
    });
    expect(outputLine('b', 1, { customId: 'a', response: pretty }).split('\n')).toHaveLength(2);
  });

  it('without a response has an error', () => {
    const error = { code: 'batch_expired', message: 'Too late.' };
    expect(JSON.parse(outputLine('b', 1, { customId: 'a', error }))).toMatchObject({ response: null, error });
  });

  it('has the same id whenever the line is run, and another one for each line', () => {
    const idOf = (batch: string, number: number): string =>
      (JSON.parse(outputLine(batch, number, { customId: 'a' })) as { id: string }).id;
    expect(idOf('b', 1)).toBe(idOf('b', 1));
    expect(new Set([idOf('b', 1), idOf('b', 2), idOf('c', 1)]).size).toBe(3);
  });
});
