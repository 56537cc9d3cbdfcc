import { SocketCounts } from './socket-counts.ts';

const access = (project: string, keyId: string): never => ({ project: { id: project }, keyId }) as never;

describe('SocketCounts', () => {
  it('bounds the WebSockets of a key and of a project, and counts those that are closed no more', () => {
    const counts = new SocketCounts({ perProjectMax: 3, perKeyMax: 2 });
    const close = counts.add(access('p', 'k1'));
    counts.add(access('p', 'k1'));
    expect(() => counts.add(access('p', 'k1'))).toThrow(expect.objectContaining({ code: 'websocket.too_many_of_key' }));
    counts.add(access('p', 'k2'));
    expect(() => counts.add(access('p', 'k3'))).toThrow(
      expect.objectContaining({ code: 'websocket.too_many_of_project' }),
    );
    counts.add(access('q', 'k4'));
    close();
    counts.add(access('p', 'k1'));
  });
});
