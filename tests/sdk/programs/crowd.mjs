// Many clients at once: crowd.py in JavaScript.

import { once } from 'node:events';
import { generateText, streamText } from 'ai';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import OpenAI from 'openai';

globalThis.AI_SDK_LOG_WARNINGS = false;
const messages = [{ role: 'user', content: 'Who are you?' }];

async function joined(stream, text) {
  let all = '';
  for await (const piece of stream) all += text(piece) ?? '';
  return all;
}

async function chat(base, stream) {
  const client = new OpenAI({ baseURL: base, apiKey: 'sk-test' });
  const answer = await client.chat.completions.create({ model: 'any', messages, stream });
  return stream ? joined(answer, (chunk) => chunk.choices[0]?.delta?.content) : answer.choices[0].message.content;
}

async function responses(base, stream) {
  const client = new OpenAI({ baseURL: base, apiKey: 'sk-test' });
  const answer = await client.responses.create({ model: 'openai/any', input: 'Who are you?', stream });
  if (!stream) return answer.output_text;
  return joined(answer, (event) => (event.type === 'response.output_text.delta' ? event.delta : ''));
}

async function anthropic(base, stream) {
  const asked = { model: 'any', max_tokens: 9, messages };
  const client = new Anthropic({ baseURL: base, apiKey: 'sk-ant-test' });
  return stream ? client.messages.stream(asked).finalText() : (await client.messages.create(asked)).content[0].text;
}

async function google(base, stream) {
  const { models } = new GoogleGenAI({ apiKey: 'test', vertexai: base.endsWith('/vertex'), httpOptions: { baseUrl: base } });
  const asked = { model: 'gemini-2.5-flash', contents: 'Who?' };
  if (!stream) return (await models.generateContent(asked)).text;
  return joined(await models.generateContentStream(asked), (chunk) => chunk.text);
}

const ai = (model) => (base, stream) => {
  const asked = { model: model(base), messages };
  return stream ? joined(streamText(asked).textStream, (text) => text) : generateText(asked).then(({ text }) => text);
};

async function plain(base, stream) {
  const answer = await fetch(`${base}/chat/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: 'Bearer sk-test' },
    body: JSON.stringify({ model: 'any', messages, stream }),
  });
  if (!stream) return (await answer.json()).choices[0].message.content;
  const events = answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  return joined(events, ({ data }) => (data === '[DONE]' ? '' : JSON.parse(data).choices[0]?.delta?.content));
}

const clients = [
  ['openai', 'openai-chat', chat],
  ['openai', 'openai-responses', responses],
  ['anthropic', 'anthropic', anthropic],
  ['google', 'gemini', google],
  ['ai compatible', 'openai-chat', ai((base) => createOpenAICompatible({ name: 'any', baseURL: base, apiKey: 'k' })('any'))],
  ['ai anthropic', 'anthropic', ai((base) => createAnthropic({ baseURL: `${base}/v1`, apiKey: 'k' })('any'))],
  ['ai google', 'gemini', ai((base) => createGoogleGenerativeAI({ baseURL: `${base}/v1beta`, apiKey: 'k' })('gemini-2.5-flash'))],
  ['eventsource-parser', 'openai-chat', plain],
];

async function one(name, client, { provider, dialect, base }, stream) {
  let text;
  try {
    text = await client(base, stream);
  } catch (error) {
    text = `${error.constructor.name}: ${error.message}`;
  }
  return [name, provider, dialect, stream ? 'streamed' : 'whole', text];
}

const services = JSON.parse(process.argv[2]);
console.log('ready');
await once(process.stdin, 'data');
process.stdin.destroy();
const all = [true, false].flatMap((stream) =>
  services.flatMap((service) =>
    clients.filter(([, dialect]) => dialect === service.dialect).map(([name, , client]) => one(name, client, service, stream)),
  ),
);
console.log(JSON.stringify(await Promise.all(all)));
