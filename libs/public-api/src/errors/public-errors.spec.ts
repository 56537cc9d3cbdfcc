import { PUBLIC_ERROR_CODES, publicErrors, publicErrorType } from './public-errors.ts';

describe('publicErrors', () => {
  it('have codes in snake case', () => {
    expect(PUBLIC_ERROR_CODES.filter((code) => !/^[a-z]+(?:_[a-z]+)*$/.test(code))).toEqual([]);
  });

  it('have HTTP error statuses', () => {
    const statuses = Object.values(publicErrors).map(({ status }) => status);
    expect(statuses.filter((status) => !Number.isInteger(status) || status < 400 || status > 599)).toEqual([]);
  });
});

describe('publicErrorType', () => {
  it.each([
    [400, 'invalid_request_error'],
    [401, 'authentication_error'],
    [403, 'permission_error'],
    [404, 'not_found_error'],
    [405, 'invalid_request_error'],
    [413, 'invalid_request_error'],
    [429, 'rate_limit_error'],
    [500, 'server_error'],
    [503, 'service_unavailable'],
    [504, 'server_error'],
  ])('maps %i to %s', (status, type) => {
    expect(publicErrorType(status)).toBe(type);
  });
});
