/** The environment in which a service of the registry is started. */
import { SERVER_VARIABLES } from './service-entry.ts';
import type { ServerName, ServiceEntry } from './service-entry.ts';

export interface Installation {
  readonly servers: Readonly<Record<ServerName, string>>;
  /** By the name of the setting. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** Returns the environment variables of a service: the URLs of the servers it needs, and its secrets. */
export function environmentOf(
  { name, needs, secrets }: ServiceEntry,
  installation: Installation,
): Record<string, string> {
  return {
    ...Object.fromEntries(needs.map((server) => [SERVER_VARIABLES[server], installation.servers[server]])),
    ...Object.fromEntries(
      secrets.map((variable) => {
        const value = installation.secrets[variable];
        if (value === undefined) throw new RangeError(`${name} needs the secret ${variable}, which is missing`);
        return [variable, value];
      }),
    ),
  };
}
