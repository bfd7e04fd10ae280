// What a page does with a server of another origin. Each step says what it saw, or why it saw nothing; the results go
// back to where the page came from.
const asked = new URLSearchParams(location.search);
const mock = asked.get("mock");
const recorder = asked.get("recorder");
const body = JSON.stringify({ model: "openai/hello", stream: true, messages: [{ role: "user", content: "hi" }] });
const headers = { "content-type": "application/json", authorization: "Bearer none", "x-page": "1" };

async function streamed(url) {
  const answer = await fetch(url, { method: "POST", headers, body });
  const decoder = new TextDecoder();
  let text = "";
  let reads = 0;
  for (const reader = answer.body.getReader(); ; reads += 1) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  return { status: answer.status, text, reads, tape: answer.headers.get("x-tokentape") };
}

async function told(url, options = {}) {
  const answer = await fetch(url, options);
  return { status: answer.status, type: answer.type, text: await answer.text() };
}

function listened(url, withCredentials) {
  return new Promise((resolve, reject) => {
    const events = [];
    const source = new EventSource(url, { withCredentials });
    source.onmessage = (event) => {
      events.push(event.data);
      if (event.data === "[DONE]") {
        source.close();
        resolve({ events });
      }
    };
    source.onerror = () => {
      source.close();
      reject(new Error("the EventSource got nothing"));
    };
  });
}

async function viaSdk() {
  const { default: OpenAI } = await import("/openai/index.mjs");
  const client = new OpenAI({
    baseURL: `${mock}/openai/v1`,
    apiKey: "none",
    maxRetries: 0,
    dangerouslyAllowBrowser: true,
  });
  const stream = await client.chat.completions.create(JSON.parse(body));
  let text = "";
  let finish = null;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta?.content ?? "";
    finish = chunk.choices[0]?.finish_reason ?? finish;
  }
  return { text, finish };
}

const simple = { method: "POST", mode: "no-cors", body };
const steps = {
  fetch: () => streamed(`${mock}/openai/v1/chat/completions`),
  eventSource: () => listened(`${mock}/play/openai/hello`, false),
  credentials: () => listened(`${mock}/play/openai/hello?speed=max`, true),
  sdk: viaSdk,
  missing: () => told(`${mock}/nowhere`, { method: "POST", headers, body }),
  tapes: () => told(`${mock}/_tokentape/tapes`),
  misses: () => told(`${mock}/_tokentape/misses`),
  forget: () => told(`${mock}/_tokentape/misses`, { method: "DELETE" }),
  rebound: () => told(asked.get("rebound")),
  recorded: () => streamed(`${recorder}/openai/v1/chat/completions`),
  blindly: () => told(`${recorder}/openai/v1/chat/completions`, simple),
  image: () => told(`${recorder}/openai/v1/models`, { mode: "no-cors" }),
};
const results = {};
for (const name of asked.get("steps").split(",")) {
  try {
    results[name] = await steps[name]();
  } catch (error) {
    results[name] = { error: String(error) };
  }
}
await fetch("/results", { method: "POST", body: JSON.stringify(results) });
