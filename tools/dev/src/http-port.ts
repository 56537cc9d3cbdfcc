/** The port of the public API. */
import { freePort, portState } from '@xerotier/local-servers';

export const PORT_USUAL = 8_080;

/** The wanted port; without a wish the usual one, unless a stranger has it. @throws {Error} when it cannot be had. */
export async function choosePort(text: string | undefined): Promise<number> {
  const wanted = wantedPort(text);
  if (wanted === undefined) return (await portState(PORT_USUAL)) === 'free' ? PORT_USUAL : freePort();
  const problem = portProblem(wanted, await portState(wanted));
  if (problem !== undefined) throw new Error(problem);
  return wanted;
}

/** What XEROTIER_PORT asks for. @throws {Error} when that is no port. */
export function wantedPort(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`XEROTIER_PORT is '${text}': it must be a port from 1 to 65535.`);
  return port;
}

/** Why a wanted port cannot be had, with what to do; undefined when it can. */
export function portProblem(port: number, state: Awaited<ReturnType<typeof portState>>): string | undefined {
  if (state === 'taken')
    return `Port ${port} (XEROTIER_PORT) is taken by another program. Choose another one, or leave XEROTIER_PORT out.`;
  if (state === 'forbidden')
    return (
      `Port ${port} (XEROTIER_PORT) is not allowed for this user: the system keeps it for root (EACCES). ` +
      `Choose one from 1024 to 65535, or allow it: sudo sysctl net.ipv4.ip_unprivileged_port_start=${port}`
    );
  return undefined;
}
