/** What suites share, as they see it: the servers, a gateway, auth, router and responses. No suite may stop or change them. */
import type { PlatformDescription, ServiceProcess } from '@xerotier/dev';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

/** Has gateways check that each response fits its declaration. */
export const checksResponses = { CHECK_RESPONSES: 'true' };

export type SharedService = Pick<ServiceProcess, 'spec' | 'facts' | 'pid'>;

export interface SharedServices {
  readonly description: PlatformDescription;
  /** By name: `auth`, `gateway`, `responses`, `router`. */
  readonly services: Readonly<Record<string, SharedService>>;
}

/** Starts them where no suite has yet, which takes seconds, and says what they are now. */
export async function sharedServices(): Promise<SharedServices> {
  const socketPath = process.env['E2E_SHARED_SOCKET'];
  if (socketPath === undefined) throw new Error('E2E_SHARED_SOCKET is not set: run this with jest.e2e.config.mjs.');
  const [response] = (await once(request({ socketPath }).end(), 'response')) as [IncomingMessage];
  const body = await text(response);
  if (response.statusCode !== 200) throw new Error(`The shared services did not start: ${body}`);
  return JSON.parse(body) as SharedServices;
}
