// What graphql-js answers. Reads a schema and operations as JSON from standard input, and writes one answer a line. The fields fail as those of
// `e2e/graphql_js.rs` do.
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const require = createRequire(new URL("../../target/npm/", import.meta.url));
const { buildSchema, execute, GraphQLError, parse, subscribe, validate } = require("graphql");

const fails = (name) => () => {
  throw new GraphQLError(`no ${name}`, { extensions: { code: "FORBIDDEN" } });
};
const box = (depth) => ({
  label: "box",
  maybe: fails("maybe"),
  sure: fails("sure"),
  inner: () => (depth > 0 ? box(depth - 1) : null),
  firm: () => box(depth - 1),
});
const pets = [
  { __typename: "Cat", name: "Tom", lives: fails("lives"), owner: fails("owner") },
  { __typename: "Dog", name: fails("name"), good: true },
];
const item = (n) => ({ n, even: () => (n % 2 ? fails("even")() : true), odd: () => (n % 2 ? true : fails("odd")()) });
const root = {
  label: "root",
  maybe: fails("maybe"),
  sure: fails("sure"),
  nothing: null,
  box: () => box(2),
  firm: () => box(2),
  items: () => [0, 1, 2].map(item),
  holes: () => [0, null, 2].map((n) => (n === null ? null : item(n))),
  strict: () => [0, 1, 2].map(item),
  grid: () => [[0, 1], [2]].map((row) => row.map(item)),
  animals: () => pets,
  pet: ({ dog }) => pets[dog ? 1 : 0],
};
const mutation = { bump: ({ by }) => ({ total: by, maybe: fails("maybe"), sure: fails("sure") }), refuse: fails("refuse"), must: fails("must") };
const ticks = {
  async *tick() {
    yield { tick: { n: 1, even: fails("even"), odd: true } };
  },
};

const { sdl, operations } = JSON.parse(await text(process.stdin));
const schema = buildSchema(sdl);
for (const { query, variables: variableValues } of operations) {
  const document = parse(query);
  const errors = validate(schema, document);
  if (errors.length) throw new Error(`${query}: ${errors[0].message}`);
  const kind = document.definitions.find((definition) => definition.operation).operation;
  const args = { schema, document, variableValues };
  if (kind === "subscription") {
    const events = await subscribe({ ...args, rootValue: ticks });
    console.log(JSON.stringify((await events.next()).value));
  } else {
    console.log(JSON.stringify(await execute({ ...args, rootValue: kind === "mutation" ? mutation : root })));
  }
}
