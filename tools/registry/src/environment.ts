/** The environment that a service of the registry is started with. */
import { SERVER_VARIABLES } from './service-entry.ts';
import type { ServerName, ServiceEntry } from './service-entry.ts';

export interface Installation {
  readonly servers: Readonly<Record<ServerName, string>>;
  /** By the name of the setting. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** The environment variables that a service gets from its installation: where the servers are that it needs, and its secrets. */
export function environmentOf(
  { name, needs, secrets }: ServiceEntry,
  installation: Installation,
): Record<string, string> {
  return {
    ...Object.fromEntries(needs.map((server) => [SERVER_VARIABLES[server], installation.servers[server]])),
    ...Object.fromEntries(
      secrets.map((variable) => {
        const value = installation.secrets[variable];
        if (value === undefined) throw new RangeError(`${name} needs the secret ${variable}, which is not there`);
        return [variable, value];
      }),
    ),
  };
}
