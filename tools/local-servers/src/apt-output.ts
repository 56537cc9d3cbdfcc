export interface PackageVersion {
  readonly name: string;
  readonly version: string;
}

/** Parses the packages that `apt-get -s install` would unpack: `Inst name [old] (version origin [arch])`. */
export function parseSimulation(output: string): PackageVersion[] {
  const packages: PackageVersion[] = [];
  for (const line of output.split('\n')) {
    const match = /^Inst (\S+) (?:\[[^\]]*\] )?\((\S+) /.exec(line);
    if (match?.[1] && match[2]) packages.push({ name: match[1], version: match[2] });
  }
  return packages;
}

/**
 * Whether a package of the closure is needed to run a server. Not needed are the scripts around PostgreSQL and their
 * Perl, the compiler of its just-in-time mode (which `startPostgres` turns off), and the C library, which must match
 * the machine's dynamic loader.
 */
export function isNeededToRun(name: string): boolean {
  return !/^(perl|libperl|lib.*-perl$|libllvm|libz3-|libc6(:|$)|libc-(bin|l10n|dev-bin)|locales|ssl-cert$|postgresql-common|postgresql-client-common|adduser$|debconf$|ucf$|sensible-utils$|netbase$|init-system-helpers$|iproute2$)/.test(
    name,
  );
}

/** Returns apt's error messages without duplicates, at most a few lines. */
export function aptProblems(output: string): string[] {
  const problems = output
    .split('\n')
    .filter((line) => /^(E|W): /.test(line))
    .map((line) => line.replace(/^(E|W): /, '').trim());
  return [...new Set(problems)].slice(0, 6);
}

/** Removes packages from a dpkg status file, to simulate a machine without them. */
export function withoutPackages(status: string, family: RegExp): string {
  return status
    .split(/\n{2,}/)
    .filter((stanza) => !family.test(/^Package: (\S+)/m.exec(stanza)?.[1] ?? ''))
    .join('\n\n');
}
