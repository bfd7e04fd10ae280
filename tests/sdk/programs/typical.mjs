// The stream helpers of the openai, @anthropic-ai/sdk and @google/genai SDKs for Node over a list of streams: a JSON list
// of [dialect, base URL, model, prompt, tools or null]. The last line of stdout is a JSON list of what each of them said.

import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';

const timeout = 60000;
const told = (text, reasoning, refusal, calls, finish) => ({ text, reasoning, refusal, calls, finish });

function completion({ choices: [{ message, finish_reason }] }) {
  const calls = (message.tool_calls ?? []).map((call) => [call.function.name, JSON.parse(call.function.arguments)]);
  const reasoning = message.reasoning_content ?? message.reasoning ?? '';
  return told(message.content ?? '', reasoning, message.refusal ?? '', calls, finish_reason);
}

function response({ output, status }) {
  const parts = output.filter(({ type }) => type === 'message').flatMap(({ content }) => content);
  const said = (type, key) => parts.filter((part) => part.type === type).map((part) => part[key]).join('');
  const thoughts = output.filter(({ type }) => type === 'reasoning').flatMap((item) => [...(item.summary ?? []), ...(item.content ?? [])]);
  const calls = output.filter(({ type }) => type === 'function_call').map((item) => [item.name, JSON.parse(item.arguments)]);
  return told(said('output_text', 'text'), thoughts.map((part) => part.text).join(''), said('refusal', 'refusal'), calls, status);
}

function message({ content, stop_reason, stop_details }) {
  const joined = (type, key) => content.filter((block) => block.type === type).map((block) => block[key]).join('');
  const calls = content.filter(({ type }) => type === 'tool_use').map((block) => [block.name, block.input]);
  return told(joined('text', 'text'), joined('thinking', 'thinking'), stop_details?.explanation ?? '', calls, stop_reason);
}

async function contents(stream) {
  const heard = told('', '', '', [], null);
  for await (const chunk of stream) {
    for (const candidate of chunk.candidates ?? []) {
      heard.finish = candidate.finishReason ?? heard.finish;
      heard.refusal += candidate.finishMessage ?? '';
      for (const part of candidate.content?.parts ?? []) {
        if (part.functionCall) heard.calls.push([part.functionCall.name, part.functionCall.args]);
        else if (part.thought) heard.reasoning += part.text ?? '';
        else heard.text += part.text ?? '';
      }
    }
  }
  return heard;
}

const clients = new Map(); // to make one costs more than to read a stream
function clientOf(Own, baseURL) {
  const known = `${Own.name} ${baseURL}`;
  if (!clients.has(known)) {
    const google = { apiKey: 'test', httpOptions: { baseUrl: baseURL, timeout } };
    clients.set(known, new Own(Own === GoogleGenAI ? google : { baseURL, apiKey: 'test', timeout, maxRetries: 0 }));
  }
  return clients.get(known);
}

async function read(dialect, baseURL, model, prompt, tools) {
  const messages = [{ role: 'user', content: prompt }];
  const offered = tools ? { tools } : {};
  switch (dialect) {
    case 'openai-chat': {
      const asked = { model, messages, stream_options: { include_usage: true }, ...offered };
      return completion(await clientOf(OpenAI, baseURL).chat.completions.stream(asked).finalChatCompletion());
    }
    case 'openai-responses':
      return response(await clientOf(OpenAI, baseURL).responses.stream({ model, input: prompt, ...offered }).finalResponse());
    case 'anthropic':
      return message(await clientOf(Anthropic, baseURL).messages.stream({ model, max_tokens: 4096, messages, ...offered }).finalMessage());
  }
  const client = clientOf(GoogleGenAI, baseURL);
  return contents(await client.models.generateContentStream({ model, contents: prompt, config: offered }));
}

const found = [];
for (const asked of JSON.parse(process.argv[2])) {
  try {
    found.push(await read(...asked));
  } catch (error) {
    found.push({ raised: error.constructor.name, status: error.status ?? null, said: String(error.message).slice(0, 300) });
  }
}
const escaped = (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;
console.log(JSON.stringify(found).replace(/[\u0080-\uffff]/g, escaped)); // one line for every reader
