/** Third-party libraries for Node that speak the Responses API, used as their documentation shows. */
import { createOpenAI } from '@ai-sdk/openai';
import type { OpenAILanguageModelResponsesOptions } from '@ai-sdk/openai';
import { HumanMessage } from '@langchain/core/messages';
import type { AIMessage, AIMessageChunk, BaseMessage } from '@langchain/core/messages';
import { tool as langchainTool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import {
  Agent,
  OpenAIConversationsSession,
  OpenAIResponsesModel,
  Runner,
  setTracingDisabled,
  tool as agentTool,
} from '@openai/agents';
import { bundledPlatform } from '@xerotier/dev';
import { generateText, isStepCount, Output, streamText, tool as aiTool } from 'ai';
import OpenAI from 'openai';
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

const PARIS = expect.stringContaining('Paris');
const RESPONSE_ID = expect.stringMatching(/^resp_/);
/** The bundled model reasons about sums. */
const SUM = 'What is 24 + 31?';

/** Conversations are at the base URL of the project. */
const connection = (): RecordedConnection => recordedConnection(test.description.projectUrl, test.description.apiKey);

describe('@openai/agents', () => {
  setTracingDisabled(true);

  function newAgent() {
    const { sent, ...options } = connection();
    const client = new OpenAI({ ...options, maxRetries: 0 });
    const station = weatherStation();
    const agent = new Agent({
      name: 'Weather',
      instructions: 'You are a helpful assistant.',
      model: new OpenAIResponsesModel(client, 'xero-tiny'),
      modelSettings: { temperature: 0 },
      tools: [agentTool({ ...WEATHER_TOOL, execute: async (input) => station.measure(input) })],
    });
    return { agent, client, station, sent };
  }

  const callOf = { type: 'function_call', name: 'get_weather' };
  const outputOf = { type: 'function_call_output', call_id: expect.any(String) };

  it('runs an agent with a tool to its final output', async () => {
    const { agent, station, sent } = newAgent();
    const { finalOutput, newItems, state } = await new Runner().run(agent, LISBON);
    expect(finalOutput).toMatch(FROM_THE_RESULT);
    expect(station.calls).toEqual([{ city: 'Lisbon' }]);
    expect(newItems.map(({ type }) => type)).toEqual([
      ...['tool_call_item', 'tool_call_output_item', 'message_output_item'],
    ]);
    expect(state.usage.requests).toBe(2);
    expect(state.usage.totalTokens).toBe(state.usage.inputTokens + state.usage.outputTokens);
    expect(sent[1]).toMatchObject({ input: [{ role: 'user' }, callOf, outputOf], tools: [{ strict: true }] });
  });

  it('continues from the previous response, and sends what is new', async () => {
    const { agent, station, sent } = newAgent();
    const { lastResponseId } = await new Runner().run(agent, FRANCE);
    const second = await new Runner().run(agent, LISBON, { previousResponseId: lastResponseId as string });
    expect(second.finalOutput).toMatch(FROM_THE_RESULT);
    expect(station.calls).toEqual([{ city: 'Lisbon' }]);
    expect(sent.slice(1)).toMatchObject([
      { previous_response_id: lastResponseId, input: [{ role: 'user', content: LISBON }] },
      { previous_response_id: RESPONSE_ID, input: [outputOf] },
    ]);
    expect(second.rawResponses[1]?.usage.inputTokens).toBeGreaterThan(second.rawResponses[0]?.usage.inputTokens ?? 0);
  });

  it('keeps a session in a conversation', async () => {
    const { agent, client, station, sent } = newAgent();
    const session = new OpenAIConversationsSession({ client });
    expect((await new Runner().run(agent, LISBON, { session })).finalOutput).toMatch(FROM_THE_RESULT);
    expect((await new Runner().run(agent, FRANCE, { session })).finalOutput).toEqual(PARIS);
    expect(station.calls).toEqual([{ city: 'Lisbon' }]);
    // What the conversation had before.
    const [, , last] = sent.filter((body) => 'model' in body);
    expect(last).toMatchObject({
      input: [{ role: 'user' }, callOf, outputOf, { role: 'assistant' }, { role: 'user' }],
    });
    const items = await session.getItems();
    expect(items.map(({ type }) => type)).toEqual([
      ...['message', 'function_call', 'function_call_result', 'message', 'message', 'message'],
    ]);
    expect(await session.popItem()).toMatchObject({ role: 'assistant', content: [{ text: PARIS }] });
    expect(await session.getItems(1)).toMatchObject([{ role: 'user', content: [{ text: FRANCE }] }]);
    const id = await session.getSessionId();
    await session.clearSession();
    await expect(client.conversations.retrieve(id)).rejects.toMatchObject({ status: 404 });
  });

  it('appends its turns to a conversation', async () => {
    const { agent, client, station, sent } = newAgent();
    const { id: conversationId } = await client.conversations.create();
    const { finalOutput } = await new Runner().run(agent, LISBON, { conversationId });
    expect(finalOutput).toMatch(FROM_THE_RESULT);
    expect(station.calls).toEqual([{ city: 'Lisbon' }]);
    expect(sent.slice(1)).toMatchObject([
      { conversation: conversationId, input: [{ role: 'user' }] },
      { conversation: conversationId, input: [outputOf] },
    ]);
    const { data } = await client.conversations.items.list(conversationId, { order: 'asc' });
    expect(data).toMatchObject([{ role: 'user' }, callOf, outputOf, { role: 'assistant' }]);
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
    expect(result.lastResponseId).toEqual(RESPONSE_ID);
    expect(result.state.usage.outputTokens).toBeGreaterThan(0);
    expect(sent).toMatchObject(Array(2).fill({ stream: true }));
  });

  it('returns a typed output', async () => {
    const { agent } = newAgent();
    const extractor = agent.clone({ tools: [], outputType: person as never });
    expect((await new Runner().run(extractor, HANNA)).finalOutput).toEqual(HANNA_AS_A_PERSON);
  });
});

describe('ai', () => {
  function callWith(prompt: string, options: OpenAILanguageModelResponsesOptions = {}) {
    const { sent, ...to } = connection();
    const model = createOpenAI(to).responses('xero-tiny');
    const providerOptions = { openai: { ...options } };
    return { sent, call: { model, prompt, temperature: 0, maxRetries: 0, providerOptions } };
  }

  it('generates a text', async () => {
    const { call } = callWith(FRANCE);
    const { text, finishReason, usage, response, warnings, providerMetadata } = await generateText(call);
    expect([text, finishReason, response.modelId]).toEqual([PARIS, 'stop', 'xero-tiny']);
    expect(usage.totalTokens).toBe((usage.inputTokens ?? 0) + (usage.outputTokens ?? 0));
    expect(providerMetadata?.['openai']?.['responseId']).toEqual(RESPONSE_ID);
    expect(warnings).toEqual([]);
  });

  it('streams a text, and reports the usage at the end', async () => {
    const { call } = callWith(FRANCE);
    const stream = streamText(call);
    const pieces: string[] = [];
    for await (const piece of stream.textStream) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(3);
    const whole = await generateText(call);
    const { inputTokens, outputTokens } = await stream.usage;
    expect([pieces.join(''), inputTokens, outputTokens]).toEqual([
      ...[whole.text, whole.usage.inputTokens, whole.usage.outputTokens],
    ]);
  });

  function toolCall(options: OpenAILanguageModelResponsesOptions = {}) {
    const station = weatherStation();
    const { parameters: inputSchema, description } = WEATHER_TOOL;
    const { sent, call } = callWith(LISBON, options);
    const tools = {
      get_weather: aiTool({ description, inputSchema, execute: async (input) => station.measure(input) }),
    };
    return { sent, station, call: { ...call, tools, stopWhen: isStepCount(3) } };
  }

  it.each([true, false])('calls tools, and uses their results, with `store` %j', async (store) => {
    const { sent, station, call } = toolCall({ store });
    const { text, steps } = await generateText(call);
    expect(steps.map(({ finishReason }) => finishReason)).toEqual(['tool-calls', 'stop']);
    expect(station.calls).toEqual([{ city: 'Lisbon' }]);
    expect(text).toMatch(FROM_THE_RESULT);
    expect(sent[1]).toMatchObject({
      ...{ store, input: [{ role: 'user' }, { type: 'function_call' }, { type: 'function_call_output' }] },
    });
  });

  it('calls tools on streams', async () => {
    const { station, call } = toolCall();
    const stream = streamText(call);
    const types: string[] = [];
    for await (const { type } of stream.fullStream) if (types.at(-1) !== type) types.push(type);
    expect(types.slice(0, types.indexOf('finish-step'))).toEqual([
      ...['start', 'start-step', 'tool-input-start', 'tool-input-delta', 'tool-input-end', 'tool-call', 'tool-result'],
    ]);
    expect(station.calls).toEqual([{ city: 'Lisbon' }]);
    expect(await stream.text).toMatch(FROM_THE_RESULT);
  });

  it('returns objects', async () => {
    const { call, sent } = callWith(HANNA);
    const { output } = await generateText({ ...call, output: Output.object({ schema: person }) });
    expect(output).toEqual(HANNA_AS_A_PERSON);
    expect(sent).toMatchObject([{ text: { format: { type: 'json_schema', strict: true } } }]);
  });

  it('continues from a previous response', async () => {
    const first = await generateText(callWith(FRANCE).call);
    const previousResponseId = first.providerMetadata?.['openai']?.['responseId'] as string;
    const { call, sent } = callWith('Thank you', { previousResponseId });
    const { usage } = await generateText(call);
    expect(sent).toMatchObject([{ previous_response_id: previousResponseId, input: [{ role: 'user' }] }]);
    expect(usage.inputTokens ?? 0).toBeGreaterThan(first.usage.inputTokens ?? 0);
  });

  it('streams the summary of reasoning', async () => {
    const { call } = callWith(SUM, { forceReasoning: true, reasoningSummary: 'auto' });
    const stream = streamText(call);
    const types = new Set<string>();
    for await (const { type } of stream.fullStream) types.add(type);
    expect([...types]).toEqual(expect.arrayContaining(['reasoning-start', 'reasoning-delta', 'reasoning-end']));
    expect([await stream.reasoningText, await stream.text]).toEqual([
      ...[expect.stringContaining('Tens'), expect.stringContaining('55')],
    ]);
  });

  it('refers to the items that are stored', async () => {
    const { sent, call } = callWith(SUM, { forceReasoning: true });
    const { prompt: _prompt, ...next } = call;
    const { response } = await generateText(call);
    const messages = [{ role: 'user' as const, content: SUM }, ...response.messages];
    expect((await generateText({ ...next, messages: [...messages, { role: 'user', content: FRANCE }] })).text).toEqual(
      PARIS,
    );
    const reference = { type: 'item_reference', id: expect.any(String) };
    expect(sent[1]).toMatchObject({ input: [{ role: 'user' }, reference, reference, { role: 'user' }] });
  });

  it('sends back encrypted reasoning where nothing is stored', async () => {
    const { sent, call } = callWith(SUM, { forceReasoning: true, store: false });
    const { prompt: _prompt, ...next } = call;
    const { response } = await generateText(call);
    expect(sent).toMatchObject([{ store: false, include: ['reasoning.encrypted_content'] }]);
    const messages = [{ role: 'user' as const, content: SUM }, ...response.messages];
    expect((await generateText({ ...next, messages: [...messages, { role: 'user', content: FRANCE }] })).text).toEqual(
      PARIS,
    );
  });
});

describe('@langchain/openai', () => {
  function newModel(fields: { zdrEnabled?: boolean } = {}): { model: ChatOpenAI; sent: RecordedConnection['sent'] } {
    const { sent, apiKey, baseURL, fetch } = connection();
    const configuration = { baseURL, fetch };
    const common = { model: 'xero-tiny', temperature: 0, maxRetries: 0, useResponsesApi: true };
    return { model: new ChatOpenAI({ ...common, ...fields, apiKey, configuration }), sent };
  }

  it('invokes', async () => {
    const { text, response_metadata: metadata, usage_metadata: usage } = await newModel().model.invoke(FRANCE);
    expect([text, metadata]).toMatchObject([PARIS, { id: RESPONSE_ID, status: 'completed', model_name: 'xero-tiny' }]);
    expect(usage?.output_tokens).toBeGreaterThan(3);
  });

  it('streams, and reports the usage at the end', async () => {
    const { model } = newModel();
    const whole = await model.invoke(FRANCE);
    const chunks: AIMessageChunk[] = [];
    for await (const chunk of await model.stream(FRANCE)) chunks.push(chunk);
    expect(chunks.map(({ text }) => text).join('')).toBe(whole.text);
    expect(chunks.filter(({ usage_metadata: usage }) => usage !== undefined)).toMatchObject([
      { usage_metadata: { output_tokens: whole.usage_metadata?.output_tokens } },
    ]);
  });

  function weatherTool() {
    const station = weatherStation();
    const { parameters: schema, name, description } = WEATHER_TOOL;
    const measure = async (input: { city: string }): Promise<string> => JSON.stringify(station.measure(input));
    const weather = langchainTool(measure, { name, description, schema });
    const resultsOf = ({ tool_calls: calls = [] }: AIMessage): Promise<BaseMessage[]> =>
      Promise.all(calls.map((call) => weather.invoke({ ...call, type: 'tool_call' }) as Promise<BaseMessage>));
    return { station, weather, resultsOf };
  }

  it.each([false, true])('calls tools, and uses their results, without storing: %j', async (zdrEnabled) => {
    const { station, weather, resultsOf } = weatherTool();
    const { model, sent } = newModel({ zdrEnabled });
    const bound = model.bindTools([weather], { strict: true, parallel_tool_calls: false });
    const message = new HumanMessage(LISBON);
    const calling = await bound.invoke([message]);
    const { text } = await bound.invoke([message, calling, ...(await resultsOf(calling))]);
    expect([station.calls, text]).toEqual([[{ city: 'Lisbon' }], expect.stringMatching(FROM_THE_RESULT)]);
    expect(sent[1]).toMatchObject({
      ...{ input: [{ role: 'user' }, { type: 'function_call' }, { type: 'function_call_output' }] },
      tools: [{ type: 'function', name: 'get_weather', strict: true }],
    });
    expect(sent[1]?.['store']).toBe(zdrEnabled ? false : undefined);
  });

  it('continues from a previous response', async () => {
    const { station, weather, resultsOf } = weatherTool();
    const { model, sent } = newModel();
    const bound = model.bindTools([weather]);
    const calling = await bound.invoke(LISBON);
    const previousId = calling.response_metadata['id'] as string;
    const { text } = await bound.invoke(await resultsOf(calling), { previous_response_id: previousId });
    expect([station.calls, text]).toEqual([[{ city: 'Lisbon' }], expect.stringMatching(FROM_THE_RESULT)]);
    expect(sent[1]).toMatchObject({ previous_response_id: previousId, input: [{ type: 'function_call_output' }] });
  });

  it.each([
    ['jsonSchema', { text: { format: { type: 'json_schema', name: 'person', strict: true } } }],
    ['functionCalling', { tool_choice: { type: 'function', name: 'person' } }],
  ] as const)('returns objects by the method %s', async (method, schema) => {
    const { model, sent } = newModel();
    const structured = model.withStructuredOutput(person, { name: 'person', method, strict: true });
    expect(await structured.invoke(HANNA)).toEqual(HANNA_AS_A_PERSON);
    expect(sent).toMatchObject([schema]);
  });

  it('sends back a message with reasoning', async () => {
    const { model, sent } = newModel();
    const message = new HumanMessage(SUM);
    const sum = await model.invoke([message]);
    expect((await model.invoke([message, sum, new HumanMessage(FRANCE)])).text).toEqual(PARIS);
    expect(sent[1]).toMatchObject({ input: [{ role: 'user' }, { type: 'reasoning' }, { type: 'message' }, {}] });
  });
});
