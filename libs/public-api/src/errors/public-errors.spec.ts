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
    ['invalid_request', 'invalid_request_error'],
    ['invalid_api_key', 'authentication_error'],
    ['scope_insufficient', 'permission_error'],
    ['model_not_found', 'not_found_error'],
    ['method_not_allowed', 'invalid_request_error'],
    ['request_too_large', 'invalid_request_error'],
    ['rate_limit_exceeded', 'rate_limit_error'],
    ['insufficient_quota', 'insufficient_quota'],
    ['internal_error', 'server_error'],
    ['no_worker_available', 'service_unavailable'],
    ['deadline_exceeded', 'server_error'],
  ] as const)('maps %s to %s', (code, type) => {
    expect(publicErrorType(code)).toBe(type);
  });
});
