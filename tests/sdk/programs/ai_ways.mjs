// Vercel's AI SDK with its providers openai (chat and Responses), anthropic, google, xai and openai-compatible:
// streamText and generateText.

import { generateText, streamText, tool } from 'ai';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { createXai } from '@ai-sdk/xai';
import { z } from 'zod';
import { Heard, run } from './ways.mjs';

globalThis.AI_SDK_LOG_WARNINGS = false;

const tools = {
  weather: tool({ inputSchema: z.object({ city: z.string(), days: z.number() }) }),
  clock: tool({ inputSchema: z.object({ zone: z.string() }) }),
};
const asked = { prompt: 'What is the weather in Seoul?', tools, maxRetries: 2 };

const models = {
  'openai: ai chat': (root) => createOpenAI({ baseURL: `${root}/openai/v1`, apiKey: 'sk-test' }).chat('gpt-5.1'),
  'openai: ai responses': (root) => createOpenAI({ baseURL: `${root}/openai/v1`, apiKey: 'sk-test' }).responses('gpt-5.1'),
  'anthropic: ai': (root) => createAnthropic({ baseURL: `${root}/anthropic/v1`, apiKey: 'sk-ant-test' })('claude-sonnet-4-5'),
  'google: ai': (root) => createGoogleGenerativeAI({ baseURL: `${root}/google/v1beta`, apiKey: 'test' })('gemini-2.5-flash'),
  'xai: ai chat': (root) => createXai({ baseURL: `${root}/xai/v1`, apiKey: 'xai-test' }).chat('grok-4'),
  'xai: ai responses': (root) => createXai({ baseURL: `${root}/xai/v1`, apiKey: 'xai-test' }).responses('grok-4'),
  'openai: ai compatible': (root) =>
    createOpenAICompatible({ name: 'any', baseURL: `${root}/openai/v1`, apiKey: 'sk-test', includeUsage: true })('gpt-5.1'),
};

function told(text, reasoning, calls, finish, usage) {
  const heard = new Heard();
  calls.forEach((call, number) => heard.call(number, call.toolName, JSON.stringify(call.input)));
  return Object.assign(heard, { text, reasoning: reasoning ?? '', finish, usage: [usage.inputTokens, usage.outputTokens] }).told();
}

async function streamed(model) {
  const errors = [];
  const result = streamText({ model, ...asked, onError: ({ error }) => errors.push(error) });
  let text = '';
  for await (const piece of result.textStream) text += piece;
  if (errors.length) throw errors[0];
  return told(text, await result.reasoningText, await result.toolCalls, await result.finishReason, await result.usage);
}

async function whole(model) {
  const result = await generateText({ model, ...asked });
  return told(result.text, result.reasoningText, result.toolCalls, result.finishReason, result.usage);
}

const ways = { streamed, whole };

await run(
  Object.fromEntries(
    Object.entries(models).flatMap(([name, model]) =>
      Object.entries(ways).map(([way, go]) => [`${name} ${way}`, (root) => go(model(root))]),
    ),
  ),
);
