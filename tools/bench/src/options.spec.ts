import { fullPlan, withPhases } from './bench-plan.ts';
import { parseOptions } from './options.ts';

describe('parseOptions', () => {
  it('runs all targets for three rounds by default, and requires none', () => {
    expect(parseOptions([])).toMatchObject({
      targets: ['direct', 'nginx', 'portkey', 'xerotier'],
      targetsNamed: false,
      rounds: 3,
      seconds: 3,
    });
  });

  it('keeps the order of the columns, and requires named targets', () => {
    expect(parseOptions(['--targets', 'nginx,direct'])).toMatchObject({
      targets: ['direct', 'nginx'],
      targetsNamed: true,
    });
  });

  it('adds the baseline when a checkout is given', () => {
    expect(parseOptions(['--targets', 'direct,xerotier', '--baseline', '../before'])).toMatchObject({
      targets: ['direct', 'baseline', 'xerotier'],
      baselinePath: '../before',
    });
  });

  it('defaults to one round of one second with --quick', () => {
    expect(parseOptions(['--quick', '--rounds', '2'])).toMatchObject({ rounds: 2, seconds: 1 });
  });

  it('restricts the phases to named ones', () => {
    expect(parseOptions(['--phases', 'requests-64, streams-400'])).toMatchObject({
      phases: ['requests-64', 'streams-400'],
    });
    expect(withPhases(fullPlan(3, 1), ['requests-64']).phases.map(({ name }) => name)).toEqual(['requests-64']);
    expect(() => withPhases(fullPlan(3, 1), ['requests-7'])).toThrow('"requests-7"');
  });

  it.each([
    [['--targets', 'apache'], '"apache"'],
    [['--targets', 'baseline'], '--baseline'],
    [['--rounds', '0'], '--rounds'],
    [['--seconds', 'ten'], '--seconds'],
    [['--fast'], '--fast'],
  ])('rejects %j and names the invalid option', (args, named) => {
    expect(() => parseOptions(args)).toThrow(named);
  });
});
