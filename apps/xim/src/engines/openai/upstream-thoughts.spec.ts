import { wantsThoughts, withThoughts } from './upstream-thoughts.ts';

const request = { model: 'm', messages: [{ role: 'user' as const, content: 'Hi' }] };

describe('wantsThoughts', () => {
  it('says so for both ways of asking, and not otherwise', () => {
    expect(wantsThoughts({ ...request, include_reasoning: true })).toBe(true);
    expect(wantsThoughts({ ...request, x_events: true, stream: true })).toBe(true);
    expect(wantsThoughts({ ...request, include_reasoning: false })).toBe(false);
    expect(wantsThoughts(request)).toBe(false);
  });
});

describe('withThoughts', () => {
  it.each([{ reasoning_content: 'Hm.' }, { reasoning: 'Hm.' }])(
    'has %j under one name when it is wanted',
    (thoughts) => {
      expect(withThoughts({ content: 'Yes', ...thoughts }, true)).toEqual({ content: 'Yes', reasoning_content: 'Hm.' });
      expect(withThoughts({ content: 'Yes', ...thoughts }, false)).toEqual({ content: 'Yes' });
    },
  );

  it('makes up none', () => {
    expect(withThoughts({ content: 'Yes', reasoning_content: null }, true)).toEqual({ content: 'Yes' });
  });
});
