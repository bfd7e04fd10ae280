// The @google/genai SDK for Node: streamed and whole.

import { GoogleGenAI } from '@google/genai';
import { Heard, run } from './ways.mjs';

const asked = { model: 'gemini-2.5-flash', contents: 'What is the weather in Seoul?' };

const client = (root) => new GoogleGenAI({ apiKey: 'test', httpOptions: { baseUrl: `${root}/google`, timeout: 30000 } });

function take(heard, chunk) {
  const { promptTokenCount, candidatesTokenCount } = chunk.usageMetadata ?? {};
  if (promptTokenCount !== undefined) heard.usage = [promptTokenCount, candidatesTokenCount];
  const [candidate] = chunk.candidates ?? [];
  heard.finish = candidate?.finishReason ?? heard.finish;
  for (const part of candidate?.content?.parts ?? []) {
    if (part.thought) heard.reasoning += part.text ?? '';
    else heard.text += part.text ?? '';
    if (part.functionCall) heard.call(heard.calls.size, part.functionCall.name, JSON.stringify(part.functionCall.args));
  }
}

async function streamed(root) {
  const heard = new Heard();
  for await (const chunk of await client(root).models.generateContentStream(asked)) take(heard, chunk);
  return heard.told();
}

async function whole(root) {
  const heard = new Heard();
  take(heard, await client(root).models.generateContent(asked));
  return heard.told();
}

await run({ 'google: streamed': streamed, 'google: whole': whole });
