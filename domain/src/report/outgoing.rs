//! Orders to the blog, as the deliveries see them.

use entity::System;

use crate::delivery::outgoing::Outgoing;
use crate::ports::{BlogOrder, Post};

impl Outgoing for BlogOrder {
    fn system(&self) -> System {
        System::Wordpress
    }

    fn title(&self) -> String {
        let Self::Post(Post { title, .. }) = self;
        format!("The post “{title}”")
    }

    fn instructions(&self) -> String {
        let Self::Post(Post { marker, title, html, .. }) = self;
        format!(
            "Publish this on the blog under “{title}”, or bring its post up to date if there is one (its address ends in {marker}). \
             Paste the text into a block for HTML:\n\n{html}"
        )
    }

    fn target(&self) -> Option<String> {
        let Self::Post(Post { marker, .. }) = self;
        Some(format!("wordpress {marker}"))
    }
}
