import { join } from 'node:path';

/**
 * The machine's own apt configuration (sources, proxies, keys, pinning), with every place that apt writes to moved
 * into `workDir`. The output of `apt-config dump` is taken, and not options on the command line, because options
 * cannot remove the hooks that run after an update: those of a container image delete files of the machine's cache.
 */
export function privateAptConfig(dump: string, workDir: string): string {
  const kept = dump.split('\n').filter(isKept);
  const own: ReadonlyArray<readonly [string, string]> = [
    ['Dir::State', join(workDir, 'state')],
    ['Dir::State::lists', join(workDir, 'state/lists')],
    ['Dir::State::extended_states', join(workDir, 'state/extended_states')],
    ['Dir::Cache', join(workDir, 'cache')],
    ['Dir::Cache::archives', join(workDir, 'cache/archives')],
    ['Dir::Cache::pkgcache', ''],
    ['Dir::Cache::srcpkgcache', ''],
    ['Dir::Log', join(workDir, 'log')],
    // The dump already holds what these files say. Reading them again would bring the hooks back.
    ['Dir::Etc::main', '/dev/null'],
    ['Dir::Etc::parts', join(workDir, 'empty')],
    ['Debug::NoLocking', '1'],
    // Empty: an ordinary user cannot switch to the user _apt, and _apt may not reach this folder.
    ['APT::Sandbox::User', ''],
    ['Acquire::Languages', 'none'],
    ['Acquire::http::Timeout', '15'],
    ['Acquire::https::Timeout', '15'],
    ['Acquire::Retries', '1'],
  ];
  return [...kept, ...own.map(([key, value]) => `${key} "${value}";`), ''].join('\n');
}

/** The folders that `privateAptConfig` names; apt does not make them all itself. */
export function privateAptDirs(workDir: string): string[] {
  return ['state/lists/partial', 'cache/archives/partial', 'log', 'empty', 'tmp', 'debs'].map((dir) =>
    join(workDir, dir),
  );
}

function isKept(line: string): boolean {
  const match = /^([^\s"]+) "([^"]*)";$/.exec(line);
  const key = match?.[1];
  if (!key) return false;
  // Hooks, settings of other programs, and languages (a list: an own value would only be added to it).
  if (/^(DPkg|AptCli|Binary|Unattended-Upgrade|Acquire::Languages)(::|$)/i.test(key)) return false;
  if (/^APT::Update::(Pre|Post)-Invoke/i.test(key)) return false;
  // Only the lists of packages are needed: no icons, no translations, no file contents.
  if (/^Acquire::IndexTargets::/i.test(key)) return /^Acquire::IndexTargets::deb::Packages(::|$)/i.test(key);
  return true;
}
