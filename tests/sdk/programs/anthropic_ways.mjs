// The anthropic SDK for Node: raw events, the stream helper and its final message, and whole.

import Anthropic from '@anthropic-ai/sdk';
import { Heard, run } from './ways.mjs';

const asked = {
  model: 'claude-sonnet-4-5',
  max_tokens: 256,
  messages: [{ role: 'user', content: 'What is the weather in Seoul?' }],
  tools: [{ name: 'weather', input_schema: { type: 'object', properties: { city: { type: 'string' } } } }],
};

const client = (root) => new Anthropic({ baseURL: `${root}/anthropic`, apiKey: 'sk-ant-test', timeout: 30000 });

function message(answer) {
  const heard = new Heard();
  answer.content.forEach((block, number) => {
    heard.text += block.text ?? '';
    heard.reasoning += block.thinking ?? '';
    if (block.type === 'tool_use') heard.call(number, block.name, JSON.stringify(block.input));
  });
  heard.finish = answer.stop_reason;
  heard.usage = [answer.usage.input_tokens, answer.usage.output_tokens];
  return heard.told();
}

async function raw(root) {
  const heard = new Heard();
  heard.usage = [null, null];
  for await (const event of await client(root).messages.create({ ...asked, stream: true })) {
    if (event.type === 'message_start') heard.usage[0] = event.message.usage.input_tokens;
    if (event.type === 'content_block_start' && event.content_block.type === 'tool_use') heard.call(event.index, event.content_block.name);
    if (event.type === 'content_block_delta') {
      heard.text += event.delta.text ?? '';
      heard.reasoning += event.delta.thinking ?? '';
      if (event.delta.type === 'input_json_delta' && heard.calls.has(event.index)) heard.call(event.index, '', event.delta.partial_json);
    }
    if (event.type === 'message_delta') {
      heard.finish = event.delta.stop_reason;
      heard.usage = [event.usage.input_tokens ?? heard.usage[0], event.usage.output_tokens];
    }
  }
  return heard.told();
}

async function helped(root) {
  const stream = client(root).messages.stream(asked);
  let text = '';
  stream.on('text', (delta) => (text += delta));
  const told = message(await stream.finalMessage());
  if (told.text !== text) throw new Error(`the helper told ${text}`);
  return told;
}

const whole = async (root) => message(await client(root).messages.create(asked));

await run({ 'anthropic: raw': raw, 'anthropic: helped': helped, 'anthropic: whole': whole });
