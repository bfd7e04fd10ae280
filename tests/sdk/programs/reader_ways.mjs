// What reads Server-Sent Events without an SDK: fetch with a reader, eventsource-parser, eventsource. Chat streams.

import { EventSource } from 'eventsource';
import { createParser } from 'eventsource-parser';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { Heard, run } from './ways.mjs';

const body = { model: 'gpt-5.1', messages: [{ role: 'user', content: 'Hi' }], stream_options: { include_usage: true } };

const request = (stream) => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json', Authorization: 'Bearer sk-test' },
  body: JSON.stringify({ ...body, stream }),
});

function take(heard, data) {
  if (data === '[DONE]') return;
  const chunk = JSON.parse(data);
  if (chunk.usage) heard.usage = [chunk.usage.prompt_tokens, chunk.usage.completion_tokens];
  const { delta, message, finish_reason: finish } = chunk.choices[0] ?? {};
  const said = delta ?? message ?? {};
  heard.finish = finish ?? heard.finish;
  heard.text += said.content ?? '';
  heard.reasoning += said.reasoning_content ?? '';
  (said.tool_calls ?? []).forEach((part, number) => heard.call(part.index ?? number, part.function.name, part.function.arguments));
}

async function opened(mount, root) {
  const response = await fetch(`${root}${mount}/chat/completions`, request(true));
  const type = response.headers.get('content-type');
  if (!response.ok || !type.startsWith('text/event-stream')) throw new Error(`${response.status} ${type}`);
  return response.body;
}

async function lines(mount, root) {
  const heard = new Heard();
  let rest = '';
  for await (const piece of (await opened(mount, root)).pipeThrough(new TextDecoderStream())) {
    const parts = (rest + piece).split('\n');
    rest = parts.pop();
    for (const line of parts) if (line.startsWith('data: ')) take(heard, line.slice(6));
  }
  return heard.told();
}

async function parsed(mount, root) {
  const heard = new Heard();
  const parser = createParser({ onEvent: (event) => take(heard, event.data) });
  for await (const piece of (await opened(mount, root)).pipeThrough(new TextDecoderStream())) parser.feed(piece);
  return heard.told();
}

async function piped(mount, root) {
  const heard = new Heard();
  const events = (await opened(mount, root)).pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const event of events) take(heard, event.data);
  return heard.told();
}

function eventsource(mount, root) {
  // A GET by nature: its fetch is replaced, as its documentation says for other methods. It reconnects when a stream
  // ends, so that it is closed at the terminator.
  const heard = new Heard();
  const url = `${root}${mount}/chat/completions`;
  const source = new EventSource(url, {
    fetch: (input, init) => fetch(input, { ...init, ...request(true), headers: { ...init.headers, ...request(true).headers } }),
  });
  return new Promise((resolve, reject) => {
    source.onmessage = (event) => {
      take(heard, event.data);
      if (event.data !== '[DONE]') return;
      source.close();
      resolve(heard.told());
    };
    source.onerror = (error) => {
      source.close();
      reject(new Error(error.message));
    };
  });
}

async function whole(mount, root) {
  const heard = new Heard();
  const response = await fetch(`${root}${mount}/chat/completions`, request(false));
  const type = response.headers.get('content-type');
  if (!response.ok || !type.startsWith('application/json')) throw new Error(`${response.status} ${type}`);
  take(heard, await response.text());
  return heard.told();
}

const ways = { 'fetch lines': lines, 'eventsource-parser': parsed, 'eventsource-parser stream': piped, eventsource, 'fetch whole': whole };
const mounts = { openai: '/openai/v1', xai: '/xai/v1' };

await run(
  Object.fromEntries(
    Object.entries(mounts).flatMap(([name, mount]) =>
      Object.entries(ways).map(([way, go]) => [`${name}: ${way}`, (root) => go(mount, root)]),
    ),
  ),
);
