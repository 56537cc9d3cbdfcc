import { privateAptConfig } from './apt-config.ts';

const MACHINE = [
  'Dir::Etc::sourceparts "sources.list.d";',
  'Acquire::http::Proxy "http://proxy.example:3128";',
  'Dir::State::lists "lists/";',
  'DPkg::Post-Invoke:: "rm -f /var/cache/apt/archives/*.deb";',
  'APT::Update::Post-Invoke:: "rm -f /var/cache/apt/*.bin || true";',
  'APT::Update::Post-Invoke-Success:: "appstreamcli refresh";',
  'Acquire::IndexTargets::deb::Packages::MetaKey "$(COMPONENT)/binary-$(ARCHITECTURE)/Packages";',
  'Acquire::IndexTargets::deb::DEP-11::MetaKey "icons";',
  'Some::Hook "echo "quotes in quotes"";',
].join('\n');

describe('privateAptConfig', () => {
  const lines = privateAptConfig(MACHINE, '/work dir').split('\n');
  const valuesOf = (key: string): string[] => lines.filter((line) => line.startsWith(`${key} "`));

  it("keeps the machine's sources and proxy", () => {
    expect(valuesOf('Dir::Etc::sourceparts')).toEqual(['Dir::Etc::sourceparts "sources.list.d";']);
    expect(valuesOf('Acquire::http::Proxy')).toHaveLength(1);
  });

  it('removes hooks, which write outside of the folder', () => {
    expect(lines.filter((line) => line.includes('Invoke') || line.includes('Hook'))).toEqual([]);
  });

  it('requests package lists only', () => {
    expect(lines.filter((line) => line.startsWith('Acquire::IndexTargets'))).toHaveLength(1);
    expect(lines.join()).not.toContain('icons');
  });

  it('redirects all writes to the folder at the end', () => {
    expect(valuesOf('Dir::State::lists').at(-1)).toBe('Dir::State::lists "/work dir/state/lists";');
    expect(valuesOf('Dir::Cache')).toEqual(['Dir::Cache "/work dir/cache";']);
  });
});
