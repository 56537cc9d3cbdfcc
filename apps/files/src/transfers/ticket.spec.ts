import { randomBytes } from 'node:crypto';
import { Tickets } from './ticket.ts';
import type { Grant } from './ticket.ts';

const grant: Grant = { kind: 'read-content', projectId: 'proj_1', fileId: 'file-1', range: { start: 0, end: 5 } };
const [older, newer] = [randomBytes(32), randomBytes(32)];
const rejection = expect.objectContaining({ code: 'file.invalid_ticket' });

describe('a ticket', () => {
  it('allows what it was issued for, for a minute', () => {
    const sut = new Tickets(older);
    const ticket = sut.issue(grant, 1_000_000);
    expect(sut.verify(ticket, ['read-content'], 1_060_000)).toEqual(grant);
    expect(() => sut.verify(ticket, ['read-content'], 1_060_001)).toThrow(rejection);
    expect(() => sut.verify(ticket, ['create-file'], 1_000_000)).toThrow(rejection);
  });

  it('of the previous key is valid during a rotation, and then no more', () => {
    const ticket = new Tickets(older).issue(grant);
    expect(new Tickets(newer, older).verify(ticket, ['read-content'])).toEqual(grant);
    expect(() => new Tickets(newer).verify(ticket, ['read-content'])).toThrow(rejection);
  });

  it('cannot be changed in any character', () => {
    const sut = new Tickets(older);
    const ticket = sut.issue(grant);
    for (let at = 0; at < ticket.length; at += 1) {
      const changed = `${ticket.slice(0, at)}${ticket[at] === 'A' ? 'B' : 'A'}${ticket.slice(at + 1)}`;
      // The last character of base64 has bits that mean nothing.
      if (
        Buffer.from(changed.split('.')[1] ?? '', 'base64url').equals(
          Buffer.from(ticket.split('.')[1] ?? '', 'base64url'),
        )
      )
        if (changed.split('.')[0] === ticket.split('.')[0]) continue;
      expect(() => sut.verify(changed, ['read-content'])).toThrow(rejection);
    }
  });

  it.each(['', '.', 'a', 'a.b', '..', `${'a'.repeat(5_000)}.b`])('is not %j', (text) => {
    expect(() => new Tickets(older).verify(text, ['read-content'])).toThrow(rejection);
  });
});
