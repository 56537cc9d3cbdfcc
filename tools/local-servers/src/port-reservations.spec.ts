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
  it('reserves a port for one caller only', async () => {
    const given = await Promise.all(Array.from({ length: 10 }, () => reservePort(20_000, folder)));
    expect(given.filter(Boolean)).toHaveLength(1);
    expect(await reservePort(20_001, folder)).toBe(true);
  });

  it('reserves a port again for one caller after the reservation has expired', async () => {
    expect(await reservePort(20_000, folder)).toBe(true);
    const later = Date.now() + RESERVED_MS + 1_000;
    expect(await reservePort(20_000, folder, later)).toBe(true);
    expect(await reservePort(20_000, folder, later + 1_000)).toBe(false);
  });

  it('succeeds where reservations cannot be stored', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    expect(await reservePort(20_000, file)).toBe(true);
  });
});
