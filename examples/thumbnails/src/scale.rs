//! From an image to a smaller one, by a box filter: each pixel is the mean of those that it stands for.

use std::ops::Range;

use crate::Image;

/// The longer edge of a thumbnail, in pixels.
pub const EDGE: usize = 64;

/// The image with its longer edge at [`EDGE`]; one that is no larger stays as it is.
pub(crate) fn thumbnail(image: &Image) -> Image {
    let longer = image.width().max(image.height());
    if longer <= EDGE {
        return image.clone();
    }
    let scaled = |edge: usize| (edge * EDGE / longer).max(1);
    let (width, height) = (scaled(image.width()), scaled(image.height()));
    let rows = (0..height).map(|y| part(y, height, image.height()));
    let pixels =
        rows.flat_map(|rows| (0..width).map(move |x| mean(image, part(x, width, image.width()), rows.clone())));
    Image::new(width, pixels.collect()).unwrap_or_else(|| image.clone())
}

/// Which of so many places the `at`th of fewer stands for: one at least.
fn part(at: usize, of: usize, places: usize) -> Range<usize> {
    at * places / of..(at + 1) * places / of
}

fn mean(image: &Image, columns: Range<usize>, rows: Range<usize>) -> [u8; 3] {
    let lines = image.pixels().chunks(image.width()).skip(rows.start).take(rows.len());
    let pixels = lines.filter_map(|line| line.get(columns.clone())).flatten();
    let add = |(count, [r, g, b]): (u64, [u64; 3]), pixel: &[u8; 3]| {
        let [red, green, blue] = pixel.map(u64::from);
        (count + 1, [r + red, g + green, b + blue])
    };
    let (count, sums) = pixels.fold((0, [0; 3]), add);
    // A mean of bytes is one.
    sums.map(|sum| sum.checked_div(count).and_then(|mean| u8::try_from(mean).ok()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(width: usize, height: usize, pixel: impl Fn(usize, usize) -> [u8; 3]) -> Image {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| pixel(x, y));
        Image::new(width, pixels.collect()).expect("whole")
    }

    #[test]
    fn each_pixel_is_the_mean_of_its_part() {
        // Four by four become one: a red that grows by column, green and none in turn, a blue that grows by line.
        let fourth = |at: usize| u8::try_from(at / 4).expect("64 at most");
        let checked = image(256, 128, |x, y| [fourth(x), 200 * u8::from((x + y) % 2 == 0), fourth(y)]);
        let small = thumbnail(&checked);
        assert_eq!((small.width(), small.height()), (64, 32));
        let expected = image(64, 32, |x, y| [fourth(4 * x), 100, fourth(4 * y)]);
        assert_eq!(small, expected);
    }

    #[test]
    fn the_shape_is_kept_as_far_as_whole_pixels_go() {
        for ((width, height), expected) in [
            ((64, 64), (64, 64)),
            ((1, 1), (1, 1)),
            ((65, 65), (64, 64)),
            ((100, 60), (64, 38)),
            ((1_000, 3), (64, 1)),
            ((3, 999), (1, 64)),
        ] {
            let small = thumbnail(&image(width, height, |_, _| [1, 2, 3]));
            assert_eq!((small.width(), small.height()), expected, "{width} x {height}");
            assert!(small.pixels().iter().all(|pixel| *pixel == [1, 2, 3]));
        }
    }
}
