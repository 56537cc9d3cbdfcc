import { randomHex } from '@xerotier/random';

export function newResponseId(): string {
  return `resp_${randomHex(24)}`;
}
