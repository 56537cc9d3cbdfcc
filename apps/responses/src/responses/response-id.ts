import { randomBytes } from 'node:crypto';

export function newResponseId(): string {
  return `resp_${randomBytes(24).toString('hex')}`;
}
