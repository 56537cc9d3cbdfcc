import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RESERVED_MS, reservePort } from './port-reservations.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xerotier-reservations-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('reservePort', () => {
  it('gives a port to one caller only', async () => {
    const given = await Promise.all(Array.from({ length: 10 }, () => reservePort(20_000, folder)));
    expect(given.filter(Boolean)).toHaveLength(1);
    expect(await reservePort(20_001, folder)).toBe(true);
  });

  it('gives it again once the reservation has expired, and then again to one caller only', async () => {
    expect(await reservePort(20_000, folder)).toBe(true);
    const later = Date.now() + RESERVED_MS + 1_000;
    expect(await reservePort(20_000, folder, later)).toBe(true);
    expect(await reservePort(20_000, folder, later + 1_000)).toBe(false);
  });

  it('gives it where reservations cannot be kept', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    expect(await reservePort(20_000, file)).toBe(true);
  });
});
