import type { ChatMessage } from '@xerotier/public-api/chat-completions';
import { ChatTemplate } from './chat-template.ts';

const PLAIN =
  '{% for m in messages %}[{{ m.role }}:{{ m.content }}]{% endfor %}{% if add_generation_prompt %}>{% endif %}';
const user = (content: string): ChatMessage => ({ role: 'user', content });

describe('ChatTemplate', () => {
  it('renders the conversation and the beginning of the next message', () => {
    const template = new ChatTemplate({ source: `{{ bos_token }}${PLAIN}`, bosText: '<s>' });
    expect(template.render([{ role: 'system', content: 'Be brief.' }, user('Hi')])).toBe(
      '<s>[system:Be brief.][user:Hi]>',
    );
  });

  it('uses ChatML when the model has no template', () => {
    expect(new ChatTemplate({}).render([user('Hi')])).toBe('<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n');
  });

  it('joins text parts with line breaks', () => {
    const content = [
      { type: 'text' as const, text: 'one' },
      { type: 'text' as const, text: 'two' },
    ];
    expect(new ChatTemplate({ source: PLAIN }).render([{ role: 'user', content }])).toBe('[user:one\ntwo]>');
  });

  it('renders the developer role as system unless the template supports it', () => {
    const messages: ChatMessage[] = [{ role: 'developer', content: 'x' }];
    expect(new ChatTemplate({ source: PLAIN }).render(messages)).toBe('[system:x]>');
    expect(new ChatTemplate({ source: `{# developer #}${PLAIN}` }).render(messages)).toBe('[developer:x]>');
  });

  it('passes tool call arguments as objects, and a `refusal` as text', () => {
    const source =
      '{% for m in messages %}{{ m.content }}{% for c in m.tool_calls or [] %}{{ c.function.name }}={{ c.function.arguments.city }};{% endfor %}{% endfor %}';
    const messages: ChatMessage[] = [
      {
        role: 'assistant',
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Bern"}' } }],
      },
      { role: 'tool', content: 'sunny.', tool_call_id: 'c1' },
      { role: 'assistant', refusal: 'No.' },
    ];
    expect(new ChatTemplate({ source }).render(messages)).toBe('weather=Bern;sunny.No.');
  });

  it('preserves the white space at the beginning of a template', () => {
    expect(new ChatTemplate({ source: '\n  a' }).render([user('Hi')])).toBe('\n  a');
    expect(new ChatTemplate({ source: '  {% if true %}a{% endif %}' }).render([user('Hi')])).toBe('a');
  });

  it('reports why the template rejects a conversation', () => {
    const template = new ChatTemplate({ source: "{{ raise_exception('roles must alternate') }}" });
    expect(() => template.render([user('Hi')])).toThrow(/cannot render these messages \(roles must alternate\)/);
  });

  it('rejects huge ranges in a template and allows small ones', () => {
    const template = (n: number): ChatTemplate =>
      new ChatTemplate({ source: `{% for i in range(${n}) %}{{ i }}{% endfor %}` });
    expect(template(3).render([user('Hi')])).toBe('012');
    expect(() => template(1_000_000_000).render([user('Hi')])).toThrow(/at most/);
  });

  it('rejects an invalid or oversized template', () => {
    expect(() => new ChatTemplate({ source: '{% for %}' })).toThrow();
    expect(() => new ChatTemplate({ source: ' '.repeat(300_000) })).toThrow(/300000 characters/);
  });
});
