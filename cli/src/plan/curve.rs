//! The backlog over time, as a drawing.

use std::fmt::Write as _;

use super::Plan;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
/// Around the drawing, for what is written there.
const MARGIN: f64 = 60.0;

/// The points of the backlog: seconds, messages.
#[must_use]
pub fn points(plan: &Plan, burst: u64) -> Vec<(f64, f64)> {
    let stretches = plan.capacity.stretches(burst as f64);
    let before_the_end =
        stretches.filter(|stretch| stretch.from < plan.drain).map(|stretch| (stretch.from, stretch.backlog));
    before_the_end.chain([(plan.drain, 0.0)]).collect()
}

/// The backlog as SVG.
#[must_use]
pub fn svg(plan: &Plan, burst: u64) -> String {
    let points = points(plan, burst);
    let most = points.iter().map(|(_, backlog)| *backlog).fold(1.0, f64::max);
    let end = plan.drain.max(1.0);
    let place = |(at, backlog): &(f64, f64)| {
        let x = MARGIN + at / end * (WIDTH - 2.0 * MARGIN);
        let y = HEIGHT - MARGIN - backlog / most * (HEIGHT - 2.0 * MARGIN);
        format!("{x:.1},{y:.1}")
    };
    let line: Vec<_> = points.iter().map(place).collect();
    let (left, right, top, bottom) = (MARGIN, WIDTH - MARGIN, MARGIN, HEIGHT - MARGIN);
    let mut svg = String::new();
    // Writing into a string cannot fail.
    let _ = writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">
  <title>Backlog of a burst of {burst} messages</title>
  <rect width="100%" height="100%" fill="white"/>
  <path d="M{left},{top}V{bottom}H{right}" fill="none" stroke="black"/>
  <polyline points="{}" fill="none" stroke="royalblue" stroke-width="2"/>
  <text x="{left}" y="{}">{most:.0} messages</text>
  <text x="{left}" y="{}" text-anchor="middle">0 s</text>
  <text x="{right}" y="{}" text-anchor="middle">{:.0} s</text>
  <text x="{right}" y="{}" text-anchor="end">{} invocations at a time, batches of {}</text>
</svg>"#,
        line.join(" "),
        top - 10.0,
        bottom + 20.0,
        bottom + 20.0,
        plan.drain,
        top - 10.0,
        plan.maximum_concurrency,
        plan.batch.size,
    );
    svg
}
