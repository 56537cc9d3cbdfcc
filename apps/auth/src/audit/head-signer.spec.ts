import { randomBytes } from 'node:crypto';
import { HeadSigner } from './head-signer.ts';

const masterKey = randomBytes(32);
const head = { projectId: 'proj_ABCDEF', sequence: 7, hash: randomBytes(32) };

describe('HeadSigner', () => {
  it('verifies what it signed, also after a restart', () => {
    const signature = new HeadSigner(masterKey).sign(head);
    expect(new HeadSigner(masterKey).verify(head, signature)).toBe(true);
    expect(new HeadSigner(masterKey).publicKey).toBe(new HeadSigner(masterKey).publicKey);
  });

  it.each([
    ['project', { projectId: 'proj_ABCDEG' }],
    ['sequence', { sequence: 6 }],
    ['hash', { hash: randomBytes(32) }],
  ])('rejects a head with another %s', (_, changed) => {
    const signer = new HeadSigner(masterKey);
    expect(signer.verify({ ...head, ...changed }, signer.sign(head))).toBe(false);
  });

  it('rejects a signature of another master key', () => {
    const signature = new HeadSigner(randomBytes(32)).sign(head);
    expect(new HeadSigner(masterKey).verify(head, signature)).toBe(false);
  });

  it('has a public key that reveals nothing of the master key', () => {
    expect(new HeadSigner(masterKey).publicKey).not.toContain(masterKey.toString('base64'));
  });
});
