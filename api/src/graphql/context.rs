//! What resolvers find in the request: the caller and the loaders.

use async_graphql::Context;
use domain::Ctx;

use super::loaders::Loaders;
use super::scalars::Url;

/// The server's address from outside, without a trailing slash.
pub struct PublicUrl(pub String);

/// The caller's context.
pub fn ctx<'a>(gql: &Context<'a>) -> &'a Ctx {
    gql.data_unchecked::<Ctx>()
}

/// The loaders of this request.
pub fn loaders<'a>(gql: &Context<'a>) -> &'a Loaders {
    gql.data_unchecked::<Loaders>()
}

/// The outside URL of a path of this server.
pub fn public_url(gql: &Context<'_>, path: &str) -> Url {
    Url(format!("{}{path}", gql.data_unchecked::<PublicUrl>().0))
}
