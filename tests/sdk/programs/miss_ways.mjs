// What the Node SDKs make of a miss: the error that they raise, with their own retries left on.

import { generateText, streamText } from 'ai';
import { createOpenAI } from '@ai-sdk/openai';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { run } from './ways.mjs';

const messages = [{ role: 'user', content: 'Nobody recorded this.' }];

const openai = (stream) => (root) =>
  new OpenAI({ baseURL: `${root}/openai/v1`, apiKey: 'sk-test' }).chat.completions.create({ model: 'gpt-5.1', messages, stream });

const anthropic = (stream) => (root) =>
  new Anthropic({ baseURL: `${root}/anthropic`, apiKey: 'sk-ant-test' }).messages.create({
    model: 'claude-sonnet-4-5',
    max_tokens: 9,
    messages,
    stream,
  });

const google = (root) =>
  new GoogleGenAI({ apiKey: 'test', httpOptions: { baseUrl: `${root}/google` } }).models.generateContentStream({
    model: 'gemini-2.5-flash',
    contents: 'Nobody recorded this.',
  });

const model = (root) => createOpenAI({ baseURL: `${root}/openai/v1`, apiKey: 'sk-test' }).chat('gpt-5.1');

async function aiStreamed(root) {
  let thrown;
  const result = streamText({ model: model(root), messages, onError: ({ error }) => (thrown = error) });
  await result.consumeStream();
  throw thrown;
}

await run({
  openai: openai(false),
  'openai streamed': openai(true),
  anthropic: anthropic(false),
  'anthropic streamed': anthropic(true),
  google,
  ai: (root) => generateText({ model: model(root), messages }),
  'ai streamed': aiStreamed,
});
