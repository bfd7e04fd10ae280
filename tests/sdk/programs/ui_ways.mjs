// What a page gets: the AI SDK's transport and message reader, and AG-UI's HTTP agent.

import { HttpAgent } from '@ag-ui/client';
import { DefaultChatTransport, readUIMessageStream } from 'ai';
import { Heard, run } from './ways.mjs';

const PROMPT = 'What is the weather in Seoul?';

async function uiMessage(root) {
  const transport = new DefaultChatTransport({ api: `${root}/app/api/chat` });
  const message = { id: 'm1', role: 'user', parts: [{ type: 'text', text: PROMPT }] };
  const asked = { chatId: 'chat1', messages: [message], trigger: 'submit-message', messageId: undefined };
  const heard = new Heard();
  let last;
  const chunks = (await transport.sendMessages(asked)).pipeThrough(
    new TransformStream({
      transform(chunk, controller) {
        if (chunk.type === 'finish') heard.finish = chunk.finishReason;
        controller.enqueue(chunk);
      },
    }),
  );
  for await (const one of readUIMessageStream({ stream: chunks })) last = one;
  for (const part of last.parts) {
    if (part.type === 'text') heard.text += part.text;
    if (part.type === 'reasoning') heard.reasoning += part.text;
    if (part.type.startsWith('tool-')) {
      heard.call(part.toolCallId, part.type.slice('tool-'.length), JSON.stringify(part.input));
    }
  }
  const { usage } = last.metadata;
  heard.usage = [usage.inputTokens, usage.outputTokens];
  return heard.told();
}

async function agent(root, path) {
  const heard = new Heard();
  const one = new HttpAgent({ url: `${root}${path}`, initialMessages: [{ id: 'm0', role: 'user', content: PROMPT }] });
  const { newMessages } = await one.runAgent(
    {},
    {
      onRunFinishedEvent: ({ event }) => {
        heard.usage = [event.usage[0].inputTokens, event.usage[0].outputTokens];
      },
    },
  );
  for (const message of newMessages) {
    if (message.role === 'reasoning') heard.reasoning += message.content;
    if (message.role === 'assistant') heard.text += message.content ?? '';
    for (const call of message.toolCalls ?? []) heard.call(call.id, call.function.name, call.function.arguments);
  }
  return heard.told();
}

await run({
  'app: ai ui': uiMessage,
  'app: ag-ui': (root) => agent(root, '/app/agent'),
  'app: ag-ui elsewhere': (root) => agent(root, '/api/copilot/run'),
});
