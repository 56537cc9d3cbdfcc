import { loadConfig } from '@xerotier/config';
import { settings } from './config.ts';

const corsOrigins = (value?: string): unknown =>
  loadConfig({ cors: settings.http.corsOrigins }, value === undefined ? {} : { CORS_ORIGINS: value }).cors;

describe('CORS_ORIGINS', () => {
  it.each([
    [undefined, undefined],
    ['', undefined],
    ['*', '*'],
    ['https://app.example.com', ['https://app.example.com']],
    ['https://app.example.com, http://localhost:3000', ['https://app.example.com', 'http://localhost:3000']],
  ])('parses %j to %j', (text, origins) => {
    expect(corsOrigins(text)).toEqual(origins);
  });

  it.each([
    'app.example.com',
    'https://app.example.com/',
    'HTTPS://app.example.com',
    'https://a.com:443',
    'https://a.com,*',
    'null',
    'https://*.a.com,',
    'file:///x',
    'chrome-extension://abc',
  ])('rejects %j, and names the setting', (text) => {
    expect(() => corsOrigins(text)).toThrow(/CORS_ORIGINS .*must be comma-separated origins such as/);
  });

  it('suggests a valid origin', () => {
    expect(() => corsOrigins('https://App.example.com/v1')).toThrow('did you mean https://app.example.com?');
  });
});
