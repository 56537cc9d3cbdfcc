import type { ChangeContext } from '@xerotier/contracts/auth';
import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';

/** The context of a change that a command makes: by whoever runs it. */
export function operatorContext(projectId: string): ChangeContext {
  return {
    projectId,
    actor: { kind: 'operator', id: operatorName() },
    clientAddress: 'command line',
    requestId: `req_${randomBytes(16).toString('hex')}`,
  };
}

/** Whoever runs a command. */
function operatorName(): string {
  return userInfo().username.slice(0, 128) || 'unknown';
}
