// Runs the ways in which a client can ask, and prints what each of them found as one JSON object: ways.py in JavaScript.

export class Heard {
  // What a client has put together: text, reasoning, calls (name and JSON text, by number), finish, usage.
  text = '';
  reasoning = '';
  calls = new Map();
  finish = null;
  usage = null;

  call(number, name = '', args = '') {
    const one = this.calls.get(number) ?? ['', ''];
    this.calls.set(number, [one[0] + (name ?? ''), one[1] + (args ?? '')]);
  }

  told() {
    const { text, reasoning, finish, usage } = this;
    return { text, reasoning, finish, usage, calls: [...this.calls.values()].map(([name, args]) => [name, JSON.parse(args)]) };
  }
}

export async function run(ways) {
  const roots = JSON.parse(process.argv[2]);
  const told = {};
  let number = 0;
  for (const [name, way] of Object.entries(ways)) {
    told[name] = {};
    for (const [kind, root] of Object.entries(roots)) {
      try {
        told[name][kind] = await way(`${root}/~way${number}`);
      } catch (error) {
        told[name][kind] = { raised: error.constructor.name, said: String(error.message) };
      }
    }
    number += 1;
  }
  console.log(JSON.stringify(told));
}
