/** NATS, Redis and PostgreSQL: the ones that a start would use. */
import { foreseeServer, postgresMajorOf } from '@xerotier/local-servers';
import { join } from 'node:path';
import { SERVER_NAMES } from './data-servers.ts';
import type { ServerName } from './data-servers.ts';
import { failed } from './doctor-finding.ts';
import type { Finding } from './doctor-finding.ts';
import { checkGivenServers, givenNotices, givenUrls } from './given-servers.ts';
import type { GivenUrls } from './given-servers.ts';
import { serverCache, defaultStateDir as state } from './project-paths.ts';

export async function serverFindings(): Promise<Finding[]> {
  const given = givenUrls(process.env);
  return Promise.all(
    SERVER_NAMES.map((name) =>
      given[name] === undefined ? privateServer(name) : givenServer({ [name]: given[name] }),
    ),
  );
}

async function givenServer(given: GivenUrls): Promise<Finding> {
  try {
    const [notice = ''] = givenNotices(given);
    await checkGivenServers(given);
    const [text = '', remedy = ''] = notice.split(/\. (?=If )/);
    return { status: 'warn', text, remedy };
  } catch (error) {
    return failed(error, 'Correct it, or unset it.');
  }
}

async function privateServer(name: ServerName): Promise<Finding> {
  const unusable: string[] = [];
  const major = name === 'postgres' ? await postgresMajorOf(join(state.servers, name)) : null;
  const outlook = await foreseeServer(name, {
    cacheDir: serverCache,
    onProgress: (message) => unusable.push(message),
    ...(major !== null && { postgresMajor: major }),
  });
  const note = unusable.length === 0 ? '' : ` (${unusable.join('; ')})`;
  if (outlook.how === 'missing')
    return { status: 'FAIL', text: `${name}: not found on this machine${note}`, remedy: outlook.advice };
  if (outlook.how === 'fetched')
    return {
      status: 'ok',
      text: `${name}: the next start downloads it with apt into .cache, which requires network access${note}`,
    };
  const { version, command, source } = outlook.binary;
  const where = source === 'path' ? command : 'downloaded into .cache';
  if (major !== null && Number.parseInt(version, 10) !== major)
    return {
      status: 'FAIL',
      text: `${name}: ${version} (${where}), but the data of this stack were written by ${major}`,
      remedy: `Install PostgreSQL ${major}, or start over without the data: npm run reset`,
    };
  return { status: 'ok', text: `${name} ${version} (${where})` };
}
