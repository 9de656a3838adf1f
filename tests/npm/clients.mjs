// What clients of other makers show of an answer with a failed field. Takes an address and a token; reads the query from standard input and writes
// one JSON object with each client's data and the code of its error.
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const require = createRequire(new URL("../../target/npm/", import.meta.url));
const { ApolloClient, HttpLink, InMemoryCache, gql } = require("@apollo/client");
const { Client, fetchExchange } = require("@urql/core");

const [uri, token] = process.argv.slice(2);
const headers = { authorization: `Bearer ${token}` };
const query = await text(process.stdin);

const apollo = new ApolloClient({ link: new HttpLink({ uri, headers }), cache: new InMemoryCache(), defaultOptions: { query: { errorPolicy: "all" } } });
const byApollo = await apollo.query({ query: gql(query) });

const urql = new Client({ url: uri, preferGetMethod: false, fetchOptions: { headers }, exchanges: [fetchExchange] });
const byUrql = await urql.query(query, {}).toPromise();

console.log(
  JSON.stringify({
    apollo: { data: byApollo.data, codes: byApollo.error?.errors?.map((error) => error.extensions.code) },
    urql: { data: byUrql.data, codes: byUrql.error?.graphQLErrors.map((error) => error.extensions.code) },
  }),
);
process.exit(0);
