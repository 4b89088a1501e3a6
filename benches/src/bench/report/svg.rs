//! A chart of all sides at 100 records with claims: bars on scales of powers of ten. Its colours are read on light and on dark grounds.

use std::fmt::Write as _;

use crate::{figures::Figures, measure::Results, side::Side};

const WIDTH: f64 = 760.0;
/// Where bars begin and where they may end; their values stand behind them.
const LEFT: f64 = 190.0;
const RIGHT: f64 = 680.0;
const BAR: f64 = 22.0;
const STEP: f64 = 30.0;
const TEXT: &str = "#7a7a7a";
const OURS: &str = "#d9730d";
const OTHERS: &str = "#7189a8";

pub(super) fn svg(results: &Results) -> String {
    let bars = |figure: fn(&Figures) -> f64| -> Vec<(Side, f64)> {
        Side::ALL.iter().filter_map(|&side| Some((side, figure(results.of(side, 100, Some(5))?)))).collect()
    };
    let cpu = panel("CPU for a record, microseconds", &bars(|figures| figures.cpu_us), 44.0);
    let p50 =
        panel("Half of the invocations take no longer than, milliseconds", &bars(|figures| figures.p50_ms), cpu.1);
    let height = p50.1 + 24.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"14\" fill=\"{TEXT}\">\n<title>What a message costs</title>\n"
    );
    svg += &text(
        0.0,
        18.0,
        "start",
        "100 records, each claimed in a store that answers after 5 ms. Less is better; the scales are logarithmic",
    );
    svg += &cpu.0;
    svg += &p50.0;
    svg += &text(0.0, height - 8.0, "start", &results.origin.short());
    svg + "</svg>\n"
}

/// A chart and where it ends.
fn panel(title: &str, bars: &[(Side, f64)], top: f64) -> (String, f64) {
    let values = || bars.iter().map(|(_, value)| value.log10()).filter(|value| value.is_finite());
    let least = values().fold(f64::INFINITY, f64::min).min(3.0).floor();
    let most = values().fold(least + 1.0, f64::max).ceil();
    let place = |value: f64| LEFT + (value - least) / (most - least) * (RIGHT - LEFT);
    let (first, mut panel) = (top + 32.0, text(0.0, top + 16.0, "start", title));
    let end = first + STEP * bars.len() as f64;
    let mut power = least;
    while power <= most {
        let x = place(power);
        let _ = writeln!(
            panel,
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{first:.1}\" y2=\"{end:.1}\" stroke=\"{TEXT}\" stroke-opacity=\"0.4\"/>"
        );
        panel += &text(x, end + 16.0, "middle", &shown(10_f64.powf(power)));
        power += 1.0;
    }
    for (row, &(side, value)) in bars.iter().enumerate() {
        let y = first + STEP * row as f64 + (STEP - BAR) / 2.0;
        let colour = if side == Side::Ours { OURS } else { OTHERS };
        let width = if value.is_finite() { (place(value.log10()) - LEFT).max(1.0) } else { 0.0 };
        let _ = writeln!(
            panel,
            "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"2\" fill=\"{colour}\"/>"
        );
        panel += &text(LEFT - 8.0, y + 16.0, "end", side.name());
        panel += &text(LEFT + width + 6.0, y + 16.0, "start", &shown(value));
    }
    (panel, end + 40.0)
}

/// Three digits at most.
fn shown(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{}", (value * 10.0).round() / 10.0),
        value => format!("{}", (value * 100.0).round() / 100.0),
    }
}

fn text(x: f64, y: f64, anchor: &str, text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{example, origin::Origin};

    /// The names of all elements, in their order; `None` where it is not well-formed.
    fn elements(mut text: &str) -> Option<Vec<&str>> {
        let (mut open, mut elements) = (Vec::new(), Vec::new());
        while let Some((before, rest)) = text.split_once('<') {
            let (tag, rest) = rest.split_once('>')?;
            let is_text = before.split('&').skip(1).all(|entity| entity.split_once(';').is_some());
            if !is_text || before.contains('>') || (open.is_empty() && !before.trim().is_empty()) {
                return None;
            }
            if let Some(name) = tag.strip_prefix('/') {
                (open.pop()? == name).then_some(())?;
            } else {
                let (tag, is_closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
                let name = tag.split(' ').next()?;
                (attributes(&tag[name.len()..]) && (!open.is_empty() || elements.is_empty())).then_some(())?;
                elements.push(name);
                open.extend((!is_closed).then_some(name));
            }
            text = rest;
        }
        (open.is_empty() && text.trim().is_empty()).then_some(elements)
    }

    fn attributes(text: &str) -> bool {
        let parts: Vec<_> = text.split('"').collect();
        let (values, rest) = parts.as_chunks::<2>();
        rest == [""] && values.iter().all(|[name, _]| name.starts_with(' ') && name.ends_with('=') && name.len() > 2)
    }

    #[test]
    fn what_is_not_well_formed_is_told() {
        assert_eq!(elements("<a b=\"c\"><d/>e &amp; f</a>\n"), Some(vec!["a", "d"]));
        for wrong in ["<a>", "<a></b>", "<a/><b/>", "<a b=c/>", "<a b=\"c/>", "<a>&</a>", "<a>></a>", "</a>", "a<b/>"] {
            assert_eq!(elements(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_chart_is_well_formed_and_has_a_bar_for_each_side_and_figure() {
        let origin = Origin { commit: "<&>".to_owned(), ..example::origin() };
        let whole = Results { origin, ..example::results() };
        let count = |results: &Results| {
            let svg = svg(results);
            elements(&svg).map(|elements| elements.iter().filter(|name| **name == "rect").count())
        };
        assert_eq!(count(&whole), Some(2 * Side::ALL.len()));
        assert_eq!(count(&Results { rows: Vec::new(), ..whole }), Some(0));
    }

    #[test]
    fn a_scale_has_a_place_for_each_value() {
        let (panel, _) = panel("", &[(Side::Ours, 40.0), (Side::ByHand, 5_000.0)], 0.0);
        for power in ["10", "100", "1000", "10000"] {
            assert!(panel.contains(&format!(">{power}<")), "{power}");
        }
        assert!(panel.contains(&format!("width=\"{:.1}\"", (RIGHT - LEFT) * 4_f64.log10() / 3.0)), "{panel}");
    }
}
