// The openai SDK for Node: Chat Completions and Responses; streamed, with the stream helpers, and whole.

import OpenAI from 'openai';
import { Heard, run } from './ways.mjs';

const parameters = { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } } };
const chat = {
  model: 'gpt-5.1',
  messages: [{ role: 'user', content: 'What is the weather in Seoul?' }],
  tools: [{ type: 'function', function: { name: 'weather', parameters } }],
};
const responses = {
  model: 'gpt-5.1',
  input: 'What is the weather in Seoul?',
  tools: [{ type: 'function', name: 'weather', parameters, strict: false }],
};
const usage = { include_usage: true };

const client = (root, mount) => new OpenAI({ baseURL: root + mount, apiKey: 'sk-test', timeout: 30000 });

function completion(answer) {
  const heard = new Heard();
  const [choice] = answer.choices;
  heard.text = choice.message.content ?? '';
  heard.reasoning = choice.message.reasoning_content ?? '';
  heard.finish = choice.finish_reason;
  (choice.message.tool_calls ?? []).forEach((call, number) => heard.call(number, call.function.name, call.function.arguments));
  heard.usage = [answer.usage.prompt_tokens, answer.usage.completion_tokens];
  return heard.told();
}

async function chatStreamed(mount, root) {
  const heard = new Heard();
  for await (const chunk of await client(root, mount).chat.completions.create({ ...chat, stream: true, stream_options: usage })) {
    if (chunk.usage) heard.usage = [chunk.usage.prompt_tokens, chunk.usage.completion_tokens];
    const choice = chunk.choices[0];
    if (!choice) continue;
    heard.finish = choice.finish_reason ?? heard.finish;
    heard.text += choice.delta.content ?? '';
    heard.reasoning += choice.delta.reasoning_content ?? '';
    for (const part of choice.delta.tool_calls ?? []) heard.call(part.index, part.function.name, part.function.arguments);
  }
  return heard.told();
}

async function chatHelped(mount, root) {
  const stream = client(root, mount).chat.completions.stream({ ...chat, stream_options: usage });
  let text = '';
  stream.on('content', (delta) => (text += delta));
  const told = completion(await stream.finalChatCompletion());
  if (told.text !== text) throw new Error(`the helper told ${text}`);
  return told;
}

const chatWhole = async (mount, root) => completion(await client(root, mount).chat.completions.create(chat));

function response(answer) {
  const heard = new Heard();
  heard.text = answer.output_text;
  heard.finish = answer.status;
  for (const item of answer.output) {
    if (item.type === 'function_call') heard.call(item.id, item.name, item.arguments);
    if (item.type === 'reasoning') heard.reasoning += item.summary.map((part) => part.text).join('');
  }
  heard.usage = [answer.usage.input_tokens, answer.usage.output_tokens];
  return heard.told();
}

async function responsesStreamed(mount, root) {
  const heard = new Heard();
  for await (const event of await client(root, mount).responses.create({ ...responses, stream: true })) {
    if (event.type === 'response.output_text.delta') heard.text += event.delta;
    if (event.type === 'response.reasoning_summary_text.delta') heard.reasoning += event.delta;
    if (event.type === 'response.output_item.added' && event.item.type === 'function_call') heard.call(event.output_index, event.item.name);
    if (event.type === 'response.function_call_arguments.delta') heard.call(event.output_index, '', event.delta);
    if (event.type === 'response.completed') {
      heard.finish = event.response.status;
      heard.usage = [event.response.usage.input_tokens, event.response.usage.output_tokens];
    }
  }
  return heard.told();
}

const responsesHelped = async (mount, root) => response(await client(root, mount).responses.stream(responses).finalResponse());

const responsesWhole = async (mount, root) => response(await client(root, mount).responses.create(responses));

const ways = {
  'chat streamed': chatStreamed,
  'chat helped': chatHelped,
  'chat whole': chatWhole,
  'responses streamed': responsesStreamed,
  'responses helped': responsesHelped,
  'responses whole': responsesWhole,
};
const mounts = { openai: '/openai/v1', xai: '/xai/v1' };

await run(
  Object.fromEntries(
    Object.entries(mounts).flatMap(([name, mount]) =>
      Object.entries(ways).map(([way, go]) => [`${name}: ${way}`, (root) => go(mount, root)]),
    ),
  ),
);
