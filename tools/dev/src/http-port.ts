/** The port of the public API. */
import { freePort, portState } from '@xerotier/local-servers';

export const PORT_USUAL = 8_080;

/**
 * Returns the requested port; by default the usual one, or a free one if that is in use. @throws {Error} when the
 * requested one is not available.
 */
export async function choosePort(text: string | undefined): Promise<number> {
  const wanted = wantedPort(text);
  if (wanted === undefined) return (await portState(PORT_USUAL)) === 'free' ? PORT_USUAL : freePort();
  const problem = portProblem(wanted, await portState(wanted));
  if (problem !== undefined) throw new Error(problem);
  return wanted;
}

/** Parses XEROTIER_PORT. @throws {Error} when it is not a port. */
export function wantedPort(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`XEROTIER_PORT is '${text}': expected a port between 1 and 65535.`);
  return port;
}

/** Returns why a requested port is not available, with advice; undefined when it is. */
export function portProblem(port: number, state: Awaited<ReturnType<typeof portState>>): string | undefined {
  if (state === 'taken')
    return `Port ${port} (XEROTIER_PORT) is in use by another program. Choose another one, or unset XEROTIER_PORT.`;
  if (state === 'forbidden')
    return (
      `Port ${port} (XEROTIER_PORT) is not allowed for this user: the system keeps it for root (EACCES). ` +
      `Choose one between 1024 and 65535, or allow it: sudo sysctl net.ipv4.ip_unprivileged_port_start=${port}`
    );
  return undefined;
}
