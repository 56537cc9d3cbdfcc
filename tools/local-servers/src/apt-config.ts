import { join } from 'node:path';

/**
 * Returns the machine's own apt configuration (sources, proxies, keys, pinning), with everything that apt writes
 * redirected to `workDir`. It is derived from the output of `apt-config dump`, because command-line options cannot
 * remove the hooks that run after an update: those of a container image delete files of the machine's cache.
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
    // The dump contains the content of these files. Reading them again would restore the hooks.
    ['Dir::Etc::main', '/dev/null'],
    ['Dir::Etc::parts', join(workDir, 'empty')],
    ['Debug::NoLocking', '1'],
    // Empty: an ordinary user cannot switch to the user _apt, which may not have access to this folder.
    ['APT::Sandbox::User', ''],
    ['Acquire::Languages', 'none'],
    ['Acquire::http::Timeout', '15'],
    ['Acquire::https::Timeout', '15'],
    ['Acquire::Retries', '1'],
  ];
  return [...kept, ...own.map(([key, value]) => `${key} "${value}";`), ''].join('\n');
}

/** The folders that `privateAptConfig` uses; apt does not create all of them itself. */
export function privateAptDirs(workDir: string): string[] {
  return ['state/lists/partial', 'cache/archives/partial', 'log', 'empty', 'tmp', 'debs'].map((dir) =>
    join(workDir, dir),
  );
}

function isKept(line: string): boolean {
  const match = /^([^\s"]+) "([^"]*)";$/.exec(line);
  const key = match?.[1];
  if (!key) return false;
  // Hooks, settings of other programs, and languages (a list, to which an own value would only be appended).
  if (/^(DPkg|AptCli|Binary|Unattended-Upgrade|Acquire::Languages)(::|$)/i.test(key)) return false;
  if (/^APT::Update::(Pre|Post)-Invoke/i.test(key)) return false;
  // Only package lists are needed: no icons, no translations, no file contents.
  if (/^Acquire::IndexTargets::/i.test(key)) return /^Acquire::IndexTargets::deb::Packages(::|$)/i.test(key);
  return true;
}
