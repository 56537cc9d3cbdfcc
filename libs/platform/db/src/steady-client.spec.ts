import pg from 'pg';
import { SteadyClient } from './steady-client.ts';

describe('SteadyClient', () => {
  it('bears an error that comes while nobody listens', () => {
    expect(() => new SteadyClient().emit('error', new Error('terminated'))).not.toThrow();
  });

  it('is needed for that: the client of pg does not', () => {
    expect(() => new pg.Client().emit('error', new Error('terminated'))).toThrow('terminated');
  });
});
