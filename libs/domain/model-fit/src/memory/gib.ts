const GIB = 2 ** 30;

/** As people read it: "140.5 GiB". */
export function gib(bytes: number): string {
  const count = bytes / GIB;
  return `${count >= 100 || Number.isInteger(count) ? Math.round(count) : count.toFixed(1)} GiB`;
}
