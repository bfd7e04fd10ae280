// What an EventSource makes of a tape that ends and is over: {tape: URL} in, {tape: [data of each message, readyState]} out.
// It comes back by itself, with the id of the last event it had, until the server tells it to stay away.
import { EventSource } from "eventsource";

const listen = (url) =>
  new Promise((resolve) => {
    const source = new EventSource(url);
    const heard = [];
    source.addEventListener("message", (event) => heard.push(event.data));
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) resolve([heard, source.readyState]);
    });
  });

const asked = Object.entries(JSON.parse(process.argv[2]));
console.log(JSON.stringify(Object.fromEntries(await Promise.all(asked.map(async ([name, url]) => [name, await listen(url)])))));
