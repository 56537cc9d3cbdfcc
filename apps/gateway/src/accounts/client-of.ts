import type { FastifyRequest } from 'fastify';

const USER_AGENT_LENGTH_MAX = 512;

/** Where a sign-in comes from, as it is shown in the list of sessions. */
export function clientOf({ ip, headers }: FastifyRequest): { clientAddress: string; userAgent: string } {
  return { clientAddress: ip, userAgent: (headers['user-agent'] ?? '').slice(0, USER_AGENT_LENGTH_MAX) };
}
