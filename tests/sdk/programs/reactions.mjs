// How the providers' Node SDKs react to broken answers: reactions.py in JavaScript.

import { AsyncLocalStorage } from 'node:async_hooks';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';

const messages = [{ role: 'user', content: 'Count.' }];
const PATIENCE = 30000;
const HANGS_AFTER = 6; // times the client's own timeout

const AT_ONCE = 24; // a dozen of them hang

const running = new AsyncLocalStorage();

// Nothing waits before a retry: what an SDK's sleep() asks for is noted instead.
const timer = globalThis.setTimeout;
globalThis.setTimeout = (action, ms, ...rest) => {
  const sleeps = /\bsleep\b/.test(new Error().stack);
  if (sleeps) running.getStore()?.waits.push(ms / 1000);
  return timer(action, sleeps ? 0 : ms, ...rest);
};

async function* chat(root, defaultHeaders, timeout) {
  const client = new OpenAI({ baseURL: `${root}/openai/v1`, apiKey: 'sk-test', defaultHeaders, timeout });
  for await (const item of await client.chat.completions.create({ model: 'gpt-5.1', messages, stream: true }))
    yield item.choices?.[0]?.delta?.content ?? '';
}

async function* responses(root, defaultHeaders, timeout) {
  const client = new OpenAI({ baseURL: `${root}/openai/v1`, apiKey: 'sk-test', defaultHeaders, timeout });
  for await (const item of await client.responses.create({ model: 'gpt-5.1', input: 'Count.', stream: true }))
    yield item.type === 'response.output_text.delta' ? item.delta : '';
}

async function* anthropic(root, defaultHeaders, timeout) {
  const client = new Anthropic({ baseURL: `${root}/anthropic`, apiKey: 'sk-ant', defaultHeaders, timeout });
  const asked = { model: 'claude-sonnet-4-5', max_tokens: 9, messages, stream: true };
  for await (const item of await client.messages.create(asked)) yield item.type === 'content_block_delta' ? item.delta.text : '';
}

async function* gemini(root, headers, timeout, more = {}) {
  const httpOptions = { baseUrl: `${root}/google`, headers, timeout, ...more };
  const client = new GoogleGenAI({ apiKey: 'test', httpOptions });
  for await (const item of await client.models.generateContentStream({ model: 'gemini-2.5-flash', contents: 'Count.' }))
    yield (item.candidates ?? []).flatMap((one) => one.content?.parts ?? []).map((part) => part.text ?? '').join('');
}

const retrying = (root, headers, timeout) => gemini(root, headers, timeout, { retryOptions: { attempts: 3 } });
const apis = { chat, responses, anthropic, gemini, 'gemini retrying': retrying };

async function consume(told, items) {
  try {
    for await (const text of items) {
      told.items += 1;
      told.text += text;
    }
  } catch (error) {
    told.raised = error.name === 'AbortError' ? 'AbortError' : error.constructor.name;
    told.cause = error.cause?.code ?? error.cause?.constructor.name ?? null;
    told.said = String(error.message);
  }
}

async function react(root, one) {
  const told = { items: 0, text: '', raised: null, cause: null, said: '', waits: [] };
  const headers = one.faults ? { 'x-tokentape-fault': one.faults } : {};
  const timeout = one.timeout ? one.timeout * 1000 : PATIENCE;
  await running.run(told, async () => {
    let given;
    const up = new Promise((resolve) => (given = timer(() => resolve('hangs'), timeout * HANGS_AFTER)));
    const ended = consume(told, apis[one.api](root, headers, timeout));
    if ((await Promise.race([ended, up])) === 'hangs') told.raised ??= 'hangs';
    clearTimeout(given);
  });
  return { ...told };
}

const { root, deck, cases } = JSON.parse(process.argv[2]);
// A few at a time, what waits for its own timeout first: all at once would use that up before they are sent.
const waiting = Object.entries(cases).map(([name, one], number) => [name, one, number]);
const told = [];
async function work() {
  for (let next = waiting.shift(); next; next = waiting.shift())
    told.push([next[0], await react(`${root}/~${deck}${next[2]}`, next[1])]);
}
await Promise.all(Array.from({ length: AT_ONCE }, work));
console.log(JSON.stringify(Object.fromEntries(told)));
process.exit(0); // a stream that hangs is left open
