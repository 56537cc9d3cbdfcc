import { fullPlan, withPhases } from './bench-plan.ts';
import { parseOptions } from './options.ts';

describe('parseOptions', () => {
  it('measures everything three times by default and does not insist on any target', () => {
    expect(parseOptions([])).toMatchObject({
      targets: ['direct', 'nginx', 'portkey', 'xerotier'],
      targetsNamed: false,
      rounds: 3,
      seconds: 3,
    });
  });

  it('keeps the order of the columns and insists on targets that are named', () => {
    expect(parseOptions(['--targets', 'nginx,direct'])).toMatchObject({
      targets: ['direct', 'nginx'],
      targetsNamed: true,
    });
  });

  it('measures another checkout beside the platform, when one is given', () => {
    expect(parseOptions(['--targets', 'direct,xerotier', '--baseline', '../before'])).toMatchObject({
      targets: ['direct', 'baseline', 'xerotier'],
      baselinePath: '../before',
    });
  });

  it('is quick with one round of one second, unless told otherwise', () => {
    expect(parseOptions(['--quick', '--rounds', '2'])).toMatchObject({ rounds: 2, seconds: 1 });
  });

  it('measures some of the loads when they are named', () => {
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
  ])('refuses %j and names what is wrong', (args, named) => {
    expect(() => parseOptions(args)).toThrow(named);
  });
});
