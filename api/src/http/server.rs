//! What handlers share.

use crate::app::App;
use crate::transport::Transport;

/// What handlers need.
#[derive(Clone)]
pub struct Server {
    pub app: App,
    pub transport: Transport<App>,
}
