import { AppError } from '@xerotier/errors';
import { parseJsonBody } from './json-body.ts';

function failure(body: Buffer | string): AppError {
  try {
    parseJsonBody(Buffer.from(body));
  } catch (error) {
    return error as AppError;
  }
  throw new Error('it was read');
}

describe('parseJsonBody', () => {
  it.each([['{"a":[1]}'], ['[]'], ['0'], ['"é😀"'], [' null ']])('reads %s', (text) => {
    expect(parseJsonBody(Buffer.from(text))).toEqual(JSON.parse(text));
  });

  it('reads 64 levels and refuses the 65th', () => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    expect(parseJsonBody(Buffer.from(nested(64)))).toBeInstanceOf(Array);
    expect(failure(nested(65))).toMatchObject({
      code: 'request.invalid',
      message: expect.stringContaining('64 levels'),
    });
  });

  it('refuses a bomb of a million levels without overflowing the stack', () => {
    expect(failure('['.repeat(1_000_000)).code).toBe('request.invalid');
    expect(failure('{"a":'.repeat(1_000_000)).code).toBe('request.invalid');
  });

  it('says what is wrong with a text that is not JSON, in a few words', () => {
    expect(failure('').message).toBe('The request body is not valid JSON: it is empty.');
    expect(failure('{"a":1,}')).toMatchObject({ code: 'request.unreadable_json', status: 400 });
    expect(failure(`{"a":${'x'.repeat(10_000)}}`).message.length).toBeLessThan(300);
  });

  it('gives a key called __proto__ no power', () => {
    const body = parseJsonBody(
      Buffer.from('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
    );
    expect((body as { polluted?: boolean }).polluted).toBeUndefined();
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
