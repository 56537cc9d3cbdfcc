import { busiestFunctions } from './cpu-profile.ts';

function node(id: number, functionName: string, url = 'file:///a/b/c/d.js') {
  return { id, callFrame: { functionName, url, lineNumber: 0 } };
}

describe('busiestFunctions', () => {
  it('orders functions by self time, without idle time', () => {
    const nodes = [node(1, '(idle)', ''), node(2, 'slow'), node(3, 'fast'), node(4, 'slow')];
    const profile = { nodes, samples: [1, 2, 3, 4], timeDeltas: [900, 50, 20, 10] };
    expect(busiestFunctions(profile, 5)).toEqual([
      { share: 0.75, name: 'slow b/c/d.js:1' },
      { share: 0.25, name: 'fast b/c/d.js:1' },
    ]);
  });

  it('is empty for an idle process', () => {
    expect(busiestFunctions({ nodes: [node(1, '(idle)', '')], samples: [1], timeDeltas: [5] }, 5)).toEqual([]);
  });
});
