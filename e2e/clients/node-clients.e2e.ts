/** Third-party libraries for Node, used as their documentation shows: only base URL, API key and model are changed. */
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { HumanMessage } from '@langchain/core/messages';
import type { BaseMessage } from '@langchain/core/messages';
import { tool as langchainTool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { Agent, OpenAIChatCompletionsModel, Runner, setTracingDisabled, tool as agentTool } from '@openai/agents';
import { bundledPlatform } from '@xerotier/dev';
import { generateText, isStepCount, Output, streamText, tool as aiTool } from 'ai';
import type { LanguageModel } from 'ai';
import OpenAI from 'openai';
import { zodFunction, zodResponseFormat } from 'openai/helpers/zod';
import {
  FRANCE,
  FROM_THE_RESULT,
  HANNA,
  HANNA_AS_A_PERSON,
  LISBON,
  person,
  WEATHER_TOOL,
  weatherStation,
} from '../support/bundled-model-requests.ts';
import { recordedConnection } from '../support/recorded-fetch.ts';
import type { RecordedConnection } from '../support/recorded-fetch.ts';
import { testPlatform } from '../support/test-platform.ts';

const test = testPlatform(() => bundledPlatform());

const connection = (): RecordedConnection => recordedConnection(test.api.endpointUrl, test.description.apiKey);

describe('openai', () => {
  const MODEL = { model: 'xero-tiny', temperature: 0 } as const;

  function newClient(): { client: OpenAI; sent: RecordedConnection['sent'] } {
    const { sent, ...options } = connection();
    return { client: new OpenAI({ ...options, maxRetries: 0 }), sent };
  }

  it('parses structured output with a zod schema', async () => {
    const { client, sent } = newClient();
    const completion = await client.chat.completions.parse({
      ...MODEL,
      messages: [{ role: 'user', content: HANNA }],
      response_format: zodResponseFormat(person, 'person'),
    });
    expect(completion.choices[0]?.message.parsed).toEqual(HANNA_AS_A_PERSON);
    expect(sent).toMatchObject([{ response_format: { type: 'json_schema', json_schema: { strict: true } } }]);
  });

  const weather = (station: ReturnType<typeof weatherStation>) =>
    zodFunction({ ...WEATHER_TOOL, function: station.measure });

  it('runs tools until the final message', async () => {
    const { client, sent } = newClient();
    const station = weatherStation();
    const runner = client.chat.completions.runTools({
      ...MODEL,
      messages: [{ role: 'user', content: LISBON }],
      tools: [weather(station)],
    });
    expect(await runner.finalContent()).toMatch(FROM_THE_RESULT);
    expect(station.calls).toEqual([{ city: 'Lisbon' }]);
    expect(sent).toMatchObject(Array(2).fill({ tool_choice: 'auto', tools: [{ function: { strict: true } }] }));
    expect(runner.messages.map(({ role, content }) => [role, content === null])).toEqual([
      ['user', false],
      ['assistant', true],
      ['tool', false],
      ['assistant', false],
    ]);
  });

  it('runs tools on streams until the final message', async () => {
    const { client, sent } = newClient();
    const station = weatherStation();
    const runner = client.chat.completions.runTools({
      ...MODEL,
      stream: true,
      messages: [{ role: 'user', content: LISBON }],
      tools: [weather(station)],
    });
    const pieces: string[] = [];
    runner.on('content', (piece) => pieces.push(piece));
    expect(await runner.finalContent()).toMatch(FROM_THE_RESULT);
    // A tool call has no content, not even an empty string.
    expect(pieces.join('')).toMatch(FROM_THE_RESULT);
    expect(runner.messages[1]).toMatchObject({ role: 'assistant', content: null });
    expect(station.calls).toEqual([{ city: 'Lisbon' }]);
    expect(sent.map(({ stream }) => stream)).toEqual([true, true]);
  });

  it('accepts the role developer in place of system', async () => {
    const { client } = newClient();
    const [developer, system] = await Promise.all(
      (['developer', 'system'] as const).map((role) =>
        client.chat.completions.create({
          ...MODEL,
          messages: [
            { role, content: 'You are a pirate.' },
            { role: 'user', content: FRANCE },
          ],
        }),
      ),
    );
    expect(developer?.choices).toEqual(system?.choices);
    expect(developer?.usage?.prompt_tokens).toBe(system?.usage?.prompt_tokens);
    expect(developer?.choices[0]?.message.content).toContain('Paris');
  });
});

describe.each<[string, (to: RecordedConnection) => LanguageModel]>([
  [
    '@ai-sdk/openai-compatible',
    ({ sent: _, ...options }) =>
      createOpenAICompatible({ ...options, name: 'xerotier', includeUsage: true, supportsStructuredOutputs: true })(
        'xero-tiny',
      ),
  ],
  ['@ai-sdk/openai', ({ sent: _, ...options }) => createOpenAI(options).chat('xero-tiny')],
])('ai with %s', (_, modelOf) => {
  function callWith(prompt: string) {
    const to = connection();
    return { sent: to.sent, call: { model: modelOf(to), prompt, temperature: 0, maxRetries: 0 } };
  }

  it('chats', async () => {
    const { call } = callWith(FRANCE);
    const { text, finishReason, usage, response, warnings } = await generateText(call);
    expect([text, finishReason, response.modelId]).toEqual([expect.stringContaining('Paris'), 'stop', 'xero-tiny']);
    expect(usage.totalTokens).toBe((usage.inputTokens ?? 0) + (usage.outputTokens ?? 0));
    expect(warnings).toEqual([]);
  });

  it('streams, and reports the usage at the end', async () => {
    const { call, sent } = callWith(FRANCE);
    const stream = streamText(call);
    const pieces: string[] = [];
    for await (const piece of stream.textStream) pieces.push(piece);
    expect(pieces.join('')).toContain('Paris');
    expect(pieces.length).toBeGreaterThan(3);
    expect(sent).toMatchObject([{ stream: true, stream_options: { include_usage: true } }]);
    const whole = await generateText(call);
    const { outputTokens, inputTokens } = await stream.usage;
    expect([await stream.text, inputTokens, outputTokens]).toEqual([
      whole.text,
      whole.usage.inputTokens,
      whole.usage.outputTokens,
    ]);
  });

  function toolCall(prompt: string) {
    const station = weatherStation();
    const { parameters: inputSchema, description } = WEATHER_TOOL;
    const tools = {
      get_weather: aiTool({ description, inputSchema, execute: async (input) => station.measure(input) }),
    };
    return { station, call: { ...callWith(prompt).call, tools, stopWhen: isStepCount(3) } };
  }

  it('calls tools, and uses their results', async () => {
    const { station, call } = toolCall(LISBON);
    const { text, steps } = await generateText(call);
    expect(steps.map(({ finishReason }) => finishReason)).toEqual(['tool-calls', 'stop']);
    expect(station.calls).toEqual([{ city: 'Lisbon' }]);
    expect(text).toMatch(FROM_THE_RESULT);
  });

  it('calls tools on streams without text deltas', async () => {
    const { station, call } = toolCall(LISBON);
    const stream = streamText(call);
    const types: string[] = [];
    for await (const { type } of stream.fullStream) if (types.at(-1) !== type) types.push(type);
    expect(types.slice(0, types.indexOf('finish-step'))).toEqual([
      'start',
      'start-step',
      'tool-input-start',
      'tool-input-delta',
      'tool-input-end',
      'tool-call',
      'tool-result',
    ]);
    expect(station.calls).toEqual([{ city: 'Lisbon' }]);
    expect(await stream.text).toMatch(FROM_THE_RESULT);
  });

  it('returns objects', async () => {
    const { call, sent } = callWith(HANNA);
    const { output } = await generateText({ ...call, output: Output.object({ schema: person }) });
    expect(output).toEqual(HANNA_AS_A_PERSON);
    expect(sent).toMatchObject([{ response_format: { type: 'json_schema', json_schema: { strict: true } } }]);
  });
});

describe('@langchain/openai', () => {
  function newModel(): { model: ChatOpenAI; sent: RecordedConnection['sent'] } {
    const { sent, apiKey, baseURL, fetch } = connection();
    const configuration = { baseURL, fetch };
    return {
      model: new ChatOpenAI({ model: 'xero-tiny', temperature: 0, maxRetries: 0, apiKey, configuration }),
      sent,
    };
  }

  it('chats', async () => {
    const response = await newModel().model.invoke(FRANCE);
    expect(response.content).toContain('Paris');
    expect(response.response_metadata).toMatchObject({ finish_reason: 'stop', model_name: 'xero-tiny' });
    expect(response.usage_metadata?.output_tokens).toBeGreaterThan(3);
  });

  it('streams, and reports the usage at the end', async () => {
    const { model, sent } = newModel();
    const whole = await model.invoke(FRANCE);
    const chunks = [];
    for await (const chunk of await model.stream(FRANCE)) chunks.push(chunk);
    expect(chunks.map(({ text }) => text).join('')).toBe(whole.text);
    expect(chunks.filter(({ usage_metadata: usage }) => usage !== undefined)).toMatchObject([
      { usage_metadata: { output_tokens: whole.usage_metadata?.output_tokens } },
    ]);
    expect(sent[1]).toMatchObject({ stream: true, stream_options: { include_usage: true } });
  });

  it('calls tools, and uses their results', async () => {
    const station = weatherStation();
    const { parameters: schema, name, description } = WEATHER_TOOL;
    const weather = langchainTool(async (input) => JSON.stringify(station.measure(input)), {
      name,
      description,
      schema,
    });
    const { model, sent } = newModel();
    const bound = model.bindTools([weather], { strict: true, parallel_tool_calls: false });
    const message = new HumanMessage(LISBON);
    const calling = await bound.invoke([message]);
    expect(calling.tool_calls).toMatchObject([{ name, args: { city: 'Lisbon' } }]);
    const results: BaseMessage[] = await Promise.all(
      (calling.tool_calls ?? []).map((call) => weather.invoke({ ...call, type: 'tool_call' }) as Promise<BaseMessage>),
    );
    expect((await bound.invoke([message, calling, ...results])).content).toMatch(FROM_THE_RESULT);
    expect(station.calls).toEqual([{ city: 'Lisbon' }]);
    expect(sent).toMatchObject(
      Array(2).fill({ parallel_tool_calls: false, tools: [{ function: { name, strict: true } }] }),
    );
  });

  it.each([
    ['jsonSchema', { response_format: { type: 'json_schema', json_schema: { strict: true } } }],
    ['functionCalling', { tool_choice: { type: 'function', function: { name: 'person' } } }],
  ] as const)('returns objects by the method %s', async (method, schema) => {
    const { model, sent } = newModel();
    const structured = model.withStructuredOutput(person, { name: 'person', method, strict: true });
    expect(await structured.invoke(HANNA)).toEqual(HANNA_AS_A_PERSON);
    expect(sent).toMatchObject([schema]);
  });
});

describe('@openai/agents', () => {
  setTracingDisabled(true);

  function newModel(): { model: OpenAIChatCompletionsModel; sent: RecordedConnection['sent'] } {
    const { sent, ...options } = connection();
    return { model: new OpenAIChatCompletionsModel(new OpenAI({ ...options, maxRetries: 0 }), 'xero-tiny'), sent };
  }

  function newAgent() {
    const station = weatherStation();
    const { model, sent } = newModel();
    const tools = [agentTool({ ...WEATHER_TOOL, execute: async (input) => station.measure(input) })];
    const agent = new Agent({
      name: 'Weather',
      instructions: 'You are a helpful assistant.',
      model,
      modelSettings: { temperature: 0 },
      tools,
    });
    return { agent, station, sent };
  }

  it('runs an agent with a tool to its final output', async () => {
    const { agent, station, sent } = newAgent();
    const { finalOutput, newItems, state } = await new Runner().run(agent, LISBON);
    expect(finalOutput).toMatch(FROM_THE_RESULT);
    expect(station.calls).toEqual([{ city: 'Lisbon' }]);
    expect(newItems.map(({ type }) => type)).toEqual([
      'tool_call_item',
      'tool_call_output_item',
      'message_output_item',
    ]);
    expect(state.usage.requests).toBe(2);
    expect(state.usage.totalTokens).toBe(state.usage.inputTokens + state.usage.outputTokens);
    expect(sent[0]).toMatchObject({ messages: [{ role: 'system' }, {}], tools: [{ function: { strict: true } }] });
  });

  it('streams an agent run', async () => {
    const { agent, station, sent } = newAgent();
    const result = await new Runner().run(agent, LISBON, { stream: true });
    const pieces: string[] = [];
    for await (const piece of result.toTextStream()) pieces.push(piece);
    await result.completed;
    expect(pieces.join('')).toBe(result.finalOutput);
    expect(result.finalOutput).toMatch(FROM_THE_RESULT);
    expect(station.calls).toEqual([{ city: 'Lisbon' }]);
    expect(result.state.usage.outputTokens).toBeGreaterThan(0);
    expect(sent).toMatchObject(Array(2).fill({ stream: true, stream_options: { include_usage: true } }));
  });

  it('returns a typed output', async () => {
    const { model, sent } = newModel();
    const agent = new Agent({
      name: 'Extractor',
      instructions: 'You are a helpful assistant.',
      model,
      modelSettings: { temperature: 0 },
      outputType: person,
    });
    expect((await new Runner().run(agent, HANNA)).finalOutput).toEqual(HANNA_AS_A_PERSON);
    expect(sent).toMatchObject([{ response_format: { type: 'json_schema', json_schema: { strict: true } } }]);
  });
});
