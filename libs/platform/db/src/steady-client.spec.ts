import pg from 'pg';
import { SteadyClient } from './steady-client.ts';

describe('SteadyClient', () => {
  it('survives an error without a listener', () => {
    expect(() => new SteadyClient().emit('error', new Error('terminated'))).not.toThrow();
  });

  it('differs from pg.Client, which throws it', () => {
    expect(() => new pg.Client().emit('error', new Error('terminated'))).toThrow('terminated');
  });
});
