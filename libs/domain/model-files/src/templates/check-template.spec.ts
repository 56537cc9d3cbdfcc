import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { ModelRejection } from '../files/rejection.ts';
import { checkTemplate } from './check-template.ts';

const REAL = new URL('../../../../../tools/bundled-models/chat-template.jinja', import.meta.url);
const CHATML =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}";

describe('checkTemplate', () => {
  it.each([
    ['of a bundled model', readFileSync(REAL, 'utf8')],
    ['ChatML', CHATML],
    ['that is empty', ''],
    [
      'with all functions',
      '{% for i in range(3) %}{{ strftime_now("%Y") }}{{ bos_token }}{{ none }}{{ True }}{% endfor %}',
    ],
    ['with a loop of some length', '{% for i in range(1000) %}{{ i }}{% endfor %}'],
  ])('accepts a template %s, which it renders', (_, source) => {
    expect(checkTemplate(source)).toBe(true);
  });

  it.each([
    ['demands something', "{{ raise_exception('System message required') }}"],
    ['has a function that is unknown here', '{{ messages | some_filter_of_python }}'],
  ])('accepts a template that %s, which it does not render', (_, source) => {
    expect(checkTemplate(source)).toBe(false);
  });

  it.each([
    ['does not parse', '{% if %}', 'invalid'],
    ['does not end', '{% for message in messages %}', 'invalid'],
    ['is long', 'x'.repeat(65_537), 'more than 65536 characters'],
    ['loops', '{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}', 'steps'],
    ['loops within loops', `${'{% for a in range(100) %}'.repeat(6)}x${'{% endfor %}'.repeat(6)}`, 'steps'],
    [
      'loops with tools only',
      '{% if tools %}{% for a in range(9999) %}{% for b in range(99) %}{{ b }}{% endfor %}{% endfor %}{% endif %}',
      'steps',
    ],
    ['calls itself', '{% macro f(g) %}{{ g(g) }}{% endmacro %}{{ f(f) }}', 'memory'],
    [
      'doubles a text',
      `{% set ns = namespace(t='xx') %}{% for a in range(60) %}{% set ns.t = ns.t + ns.t %}{% endfor %}`,
      'steps',
    ],
    [
      'doubles a list',
      `{% set ns = namespace(t=[1, 2]) %}{% for a in range(60) %}{% set ns.t = ns.t + ns.t %}{% endfor %}`,
      'steps',
    ],
    [
      'replaces a text by many',
      `{% set ns = namespace(t='xx') %}{% for a in range(14) %}{% set ns.t = ns.t + ns.t %}{% endfor %}{% set x = ns.t.replace('x', ns.t) %}`,
      '',
    ],
    [
      'splits a text often',
      `{% set ns = namespace(t='xx') %}{% for a in range(12) %}{% set ns.t = ns.t + ns.t %}{% endfor %}{% for a in range(99) %}{% set x = ns.t.split('x') | sort %}{% endfor %}`,
      'steps',
    ],
    ['makes a long list', '{% set a = range(99999999) %}', 'items'],
    ['makes an endless list', '{% set a = range(0, 1, 0) %}', 'items'],
    ['is nested deeply', `{{ ${'('.repeat(30_000)}`, 'invalid'],
    ['is nested deeply and parses', `{{ ${'('.repeat(20_000)}1${')'.repeat(20_000)} }}`, 'invalid'],
  ])('rejects a template that %s', (_, source, reason) => {
    expect(() => checkTemplate(source)).toThrow(ModelRejection);
    expect(() => checkTemplate(source)).toThrow(reason);
  });

  it('accepts any text, or rejects it with a rejection', () => {
    const piece = fc.constantFrom(
      '{%',
      '%}',
      '{{',
      '}}',
      ' for a in messages ',
      ' endfor ',
      'range(9)',
      '+',
      '(',
      ')',
      '|',
      "'a'",
      '[',
      ']',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 20 }), (pieces) => {
        try {
          checkTemplate(pieces.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(ModelRejection);
        }
      }),
      { numRuns: 500 },
    );
  });
});
