//! Images as bytes: binary PPM, 8 bits a colour.

use std::{error::Error, fmt};

/// An image in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    width: usize,
    /// Red, green and blue, line by line from the top.
    pixels: Vec<[u8; 3]>,
}

impl Image {
    /// An image of these pixels, line by line from the top. `None` if they fill no rectangle of that width.
    #[must_use]
    pub fn new(width: usize, pixels: Vec<[u8; 3]>) -> Option<Self> {
        let is_whole = !pixels.is_empty() && pixels.len().checked_rem(width) == Some(0);
        is_whole.then_some(Self { width, pixels })
    }

    /// How many pixels a line has.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// How many lines it has.
    #[must_use]
    pub fn height(&self) -> usize {
        self.pixels.len().checked_div(self.width).unwrap_or_default()
    }

    /// The pixels, line by line from the top.
    #[must_use]
    pub fn pixels(&self) -> &[[u8; 3]] {
        &self.pixels
    }

    /// Reads an image.
    ///
    /// # Errors
    ///
    /// If it is no binary PPM with 8 bits a colour, or not a whole one.
    pub fn from_ppm(bytes: &[u8]) -> Result<Self, PpmError> {
        let rest = bytes.strip_prefix(b"P6").ok_or(PpmError::OtherFormat)?;
        let (width, rest) = number(rest)?;
        let (height, rest) = number(rest)?;
        let (brightest, rest) = number(rest)?;
        if brightest != 255 {
            return Err(PpmError::OtherFormat);
        }
        // One white space, and then the pixels.
        let (pixels, _) = rest.get(1..).ok_or(PpmError::CutOff)?.as_chunks::<3>();
        let size = width.checked_mul(height).ok_or(PpmError::CutOff)?;
        let pixels = pixels.get(..size).ok_or(PpmError::CutOff)?;
        Self::new(width, pixels.to_vec()).ok_or(PpmError::OtherFormat)
    }

    /// Writes the image.
    #[must_use]
    pub fn to_ppm(&self) -> Vec<u8> {
        let mut bytes = format!("P6\n{} {}\n255\n", self.width, self.height()).into_bytes();
        bytes.extend_from_slice(self.pixels.as_flattened());
        bytes
    }
}

/// The next number of the head, behind white space and comments, and what follows it.
fn number(bytes: &[u8]) -> Result<(usize, &[u8]), PpmError> {
    let mut rest = bytes.trim_ascii_start();
    while let Some(comment) = rest.strip_prefix(b"#") {
        let end = comment.iter().position(|byte| *byte == b'\n').ok_or(PpmError::CutOff)?;
        rest = comment.get(end..).unwrap_or_default().trim_ascii_start();
    }
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = rest.split_at_checked(digits).ok_or(PpmError::CutOff)?;
    let text = std::str::from_utf8(digits).map_err(|_| PpmError::OtherFormat)?;
    Ok((text.parse().map_err(|_| PpmError::OtherFormat)?, rest))
}

/// Why bytes are no image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PpmError {
    /// They are not binary PPM with 8 bits a colour.
    OtherFormat,
    /// The end is missing.
    CutOff,
}

impl fmt::Display for PpmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherFormat => "the object is not a binary PPM image with 8 bits a colour",
            Self::CutOff => "the image is cut off",
        })
    }
}

impl Error for PpmError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_read_as_it_was_written() {
        let image = Image::new(2, vec![[0, 10, 255], [35, 32, 9], [1, 2, 3], [4, 5, 6]]).expect("two lines of two");
        assert_eq!((image.width(), image.height()), (2, 2));
        assert_eq!(Image::from_ppm(&image.to_ppm()), Ok(image.clone()));
        // The pixels may begin like white space, a comment or a number: one white space ends the head.
        let bytes = b"P6 # by hand\n#again\n 2\t1\r255 # 12\x001";
        assert_eq!(Image::from_ppm(bytes).map(|image| image.pixels), Ok(vec![*b"# 1", [b'2', 0, b'1']]));
    }

    #[test]
    fn what_is_no_image_says_why() {
        for (bytes, error) in [
            (&b""[..], PpmError::OtherFormat),
            (b"P3 1 1 255 0 0 0", PpmError::OtherFormat),
            (b"\x89PNG\r\n", PpmError::OtherFormat),
            (b"P6 1 1 65535 abcdef", PpmError::OtherFormat),
            (b"P6 0 0 255 ", PpmError::OtherFormat),
            (b"P6 -1 1 255 abc", PpmError::OtherFormat),
            (b"P6 1 1 255", PpmError::CutOff),
            (b"P6 1 2 255 abcde", PpmError::CutOff),
            (b"P6 # no end", PpmError::CutOff),
            (b"P6 99999999999 99999999999 255 abc", PpmError::CutOff),
        ] {
            assert_eq!(Image::from_ppm(bytes), Err(error), "{}", String::from_utf8_lossy(bytes));
        }
    }
}
