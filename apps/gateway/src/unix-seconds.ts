/** A time of the public API, of milliseconds. */
export function unixSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1_000);
}

export function unixSecondsOrNull(milliseconds: number | null): number | null {
  return milliseconds === null ? null : unixSeconds(milliseconds);
}
