//! What resolvers find in the request: who calls, and the loaders.

use async_graphql::Context;
use domain::Ctx;

use super::loaders::Loaders;
use super::scalars::Url;

/// Where the server is known from outside, without a slash at the end.
pub struct PublicUrl(pub String);

/// The call.
pub fn ctx<'a>(gql: &Context<'a>) -> &'a Ctx {
    gql.data_unchecked::<Ctx>()
}

/// The loaders of this request.
pub fn loaders<'a>(gql: &Context<'a>) -> &'a Loaders {
    gql.data_unchecked::<Loaders>()
}

/// The outside address of a path of this server.
pub fn public_url(gql: &Context<'_>, path: &str) -> Url {
    Url(format!("{}{path}", gql.data_unchecked::<PublicUrl>().0))
}
