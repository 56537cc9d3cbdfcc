import { parseOptions } from './options.ts';

it('has defaults', () => {
  expect(parseOptions([])).toEqual({ minutes: 5, seed: expect.any(Number) });
  expect(parseOptions(['--help'])).toBe('help');
});

it('accepts parts of minutes, and a seed', () => {
  expect(parseOptions(['--minutes', '0.5', '--seed', '7'])).toEqual({ minutes: 0.5, seed: 7 });
});

it.each([
  [['--minutes', '0'], '--minutes: expected more than 0'],
  [['--minutes', '601'], 'at most 600, but got 601'],
  [['--minutes', 'five'], "--minutes: expected a number, but got 'five'"],
  [['--seed', '1.5'], '--seed: expected a whole number'],
  [['--seed', '4294967296'], '--seed: expected a whole number from 0 to 4294967295'],
  [['--sed', '1'], '--sed'],
])('rejects %j', (args, message) => {
  expect(() => parseOptions(args)).toThrow(message);
});
