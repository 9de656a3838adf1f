//! The fonts, and which characters they have.

use std::sync::LazyLock;

use typst::foundations::Bytes;
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;

pub static FILES: [&[u8]; 5] = [
    include_bytes!("../fonts/OpenSans-Regular.ttf"),
    include_bytes!("../fonts/OpenSans-Italic.ttf"),
    include_bytes!("../fonts/OpenSans-Bold.ttf"),
    include_bytes!("../fonts/OpenSans-BoldItalic.ttf"),
    include_bytes!("../fonts/DejaVuSansMono.ttf"),
];
pub static FONTS: LazyLock<Vec<Font>> = LazyLock::new(|| FILES.into_iter().flat_map(|file| Font::iter(Bytes::new(file))).collect());
pub static BOOK: LazyLock<LazyHash<FontBook>> = LazyLock::new(|| LazyHash::new(FontBook::from_fonts(&*FONTS)));

/// Whether a text in any weight can have `c`: a family has it in all of its files.
pub fn covers(c: char) -> bool {
    let mut families = BOOK.families();
    families.any(|(_, mut faces)| faces.all(|face| BOOK.info(face).is_some_and(|info| info.coverage.contains(u32::from(c)))))
}
