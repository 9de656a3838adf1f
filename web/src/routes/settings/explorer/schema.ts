/** What the server can be asked, as it says itself: for completion and for marking mistakes. */
import { buildClientSchema, getIntrospectionQuery, type GraphQLSchema, type IntrospectionQuery } from 'graphql';
import { post } from '$lib/api/client';

let known: Promise<GraphQLSchema> | undefined;

/** Asked once a page; again after a failure. */
export function theSchema(): Promise<GraphQLSchema> {
  known ??= post(getIntrospectionQuery()).then((answer) =>
    buildClientSchema((answer as { data: IntrospectionQuery }).data, { assumeValid: true }),
  );
  known.catch(() => (known = undefined));
  return known;
}
