//! The trace header of AWS X-Ray, `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`: what `AWSTraceHeader`
//! holds, and `_X_AMZN_TRACE_ID` on Lambda (<https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>).

/// The trace of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceHeader<'a> {
    /// `1-`, 8 digits of the time, `-`, 24 digits; all hexadecimal.
    pub(crate) root: &'a str,
}

impl<'a> TraceHeader<'a> {
    /// Whoever may send messages writes such headers: what is no trace id is none.
    pub(crate) fn parse(header: &'a str) -> Option<Self> {
        let fields = || header.split(';').filter_map(|field| field.trim().split_once('='));
        let root = fields().find_map(|(name, value)| (name == "Root").then_some(value))?;
        let (time, unique) = root.strip_prefix("1-")?.split_once('-')?;
        (is_hexadecimal(time, 8) && is_hexadecimal(unique, 24)).then_some(Self { root })
    }
}

fn is_hexadecimal(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_names_its_trace() {
        const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";
        for (header, root) in [
            ("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1", Some(ROOT)),
            ("Self=x; Root=1-5759e988-bd862e3fe1be46a994272793", Some(ROOT)),
            ("Root=1", None),
            ("Root=2-5759e988-bd862e3fe1be46a994272793", None),
            ("Root=1-5759e988-bd862e3fe1be46a99427279z", None),
            ("Root=1-5759e988-\n862e3fe1be46a994272793", None),
            ("", None),
        ] {
            assert_eq!(TraceHeader::parse(header).map(|header| header.root), root, "{header}");
        }
    }
}
