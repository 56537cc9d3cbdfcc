import { formFields } from './form-fields.ts';
import type { FormFields } from './form-fields.ts';

describe('formFields', () => {
  it('returns strings, arrays and objects by the form of the names', () => {
    const form: FormFields = [
      ['model', 'm'],
      ['a[]', '1'],
      ['a[]', '2'],
      ['one[]', '1'],
      ['twice', 'x'],
      ['twice', 'y'],
      ['strategy[type]', 'server_vad'],
      ['strategy[threshold]', '0.5'],
    ];
    expect(formFields(form)).toEqual({
      model: 'm',
      a: ['1', '2'],
      one: ['1'],
      twice: ['x', 'y'],
      strategy: { type: 'server_vad', threshold: '0.5' },
    });
  });

  it('does not set prototypes', () => {
    const fields = formFields([
      ['__proto__', 'x'],
      ['a[__proto__]', 'y'],
      ['constructor[prototype]', 'z'],
    ]);
    expect(Object.keys(fields)).toEqual(['__proto__', 'a', 'constructor']);
    expect(Object.keys(fields['a'] as object)).toEqual(['__proto__']);
    expect({}).not.toHaveProperty('prototype');
  });

  it('does not resolve deeper nesting, and keeps the last of conflicting fields', () => {
    expect(
      formFields([
        ['a[b][c]', '1'],
        ['d', '1'],
        ['d[e]', '2'],
      ]),
    ).toEqual({ 'a[b][c]': '1', d: { e: '2' } });
  });
});
