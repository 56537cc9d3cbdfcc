/** The servers and services that suites share: gateway, auth, router and responses. No suite may stop or change them. */
import type { PlatformDescription, ServiceProcess } from '@xerotier/dev';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

/** Makes gateways validate each response against its declaration. */
export const responseValidationEnv = { CHECK_RESPONSES: 'true' };

export type SharedService = Pick<ServiceProcess, 'spec' | 'facts' | 'pid'>;

export interface SharedServices {
  readonly description: PlatformDescription;
  /** By name: `auth`, `gateway`, `responses`, `router`. */
  readonly services: Readonly<Record<string, SharedService>>;
}

/** Starts the shared services unless they are running, which takes seconds, and returns their current state. */
export async function sharedServices(): Promise<SharedServices> {
  const socketPath = process.env['E2E_SHARED_SOCKET'];
  if (socketPath === undefined) throw new Error('E2E_SHARED_SOCKET is not set: run jest with jest.e2e.config.mjs');
  const [response] = (await once(request({ socketPath }).end(), 'response')) as [IncomingMessage];
  const body = await text(response);
  if (response.statusCode !== 200) throw new Error(`the shared services did not start: ${body}`);
  return JSON.parse(body) as SharedServices;
}
