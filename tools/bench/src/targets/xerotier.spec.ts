import { Pinning } from '../pinning.ts';
import { TargetUnavailable } from './target.ts';
import { attachPlatform, xerotier } from './xerotier.ts';

const access = {
  baseUrl: 'http://127.0.0.1:4000/',
  apiKey: 'key',
  projectId: 'proj',
  endpointSlug: 'chat',
  model: 'scripted',
  processes: [
    { name: 'router', pid: 11 },
    { name: 'gateway', pid: 12 },
  ],
};
const noPinning = new Pinning([], false);

describe('attachPlatform', () => {
  it('sends requests to the endpoint with the key, and measures the gateway', () => {
    expect(attachPlatform(access, noPinning)).toMatchObject({
      load: {
        host: '127.0.0.1',
        port: 4000,
        path: '/proj/chat/v1/chat/completions',
        headers: { authorization: 'Bearer key' },
      },
      system: [{ name: 'gateway', pid: 12 }],
      helpers: [{ name: 'router', pid: 11 }],
    });
  });

  it('rejects a platform without a gateway process', () => {
    expect(() => attachPlatform({ ...access, processes: [] }, noPinning)).toThrow(TargetUnavailable);
  });
});

describe('the xerotier target', () => {
  it('explains how to start a platform when the description is missing', async () => {
    const context = { pinning: noPinning, platformPath: '/nonexistent/dev.json' } as never;
    await expect(xerotier.start(context)).rejects.toThrow('npm start');
  });
});
