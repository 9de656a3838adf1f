//! An SVG of ours to a PNG, sharp enough for print.

use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use crate::clean::clean;
use crate::fonts::FILES;

const SCALE: f32 = 2.5;
const MOST_PIXELS: f32 = 4_000.0;

pub fn png(svg: &str) -> Result<Vec<u8>, String> {
    let mut options = Options { font_family: "Open Sans".to_owned(), ..Options::default() };
    for file in FILES {
        options.fontdb_mut().load_font_data(file.to_vec());
    }
    let tree = Tree::from_str(&clean(svg), &options).map_err(|error| format!("this is no SVG: {error}"))?;
    let (width, height) = (tree.size().width() * SCALE, tree.size().height() * SCALE);
    if width > MOST_PIXELS || height > MOST_PIXELS {
        return Err("the picture is too large".to_owned());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "of a size, and bounded")]
    let mut pixels = Pixmap::new(width.ceil() as u32, height.ceil() as u32).ok_or("the picture has no size")?;
    pixels.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| error.to_string())
}
