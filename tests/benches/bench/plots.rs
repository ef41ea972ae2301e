//! Draws a plot as SVG.

use std::{error::Error, path::Path};

use plotters::prelude::*;

use crate::report::Plot;

const SIZE: (u32, u32) = (760, 420);
/// Told apart also by those who do not see red and green apart (Okabe and Ito).
const COLOURS: [RGBColor; 5] = [
    RGBColor(0x99, 0x99, 0x99),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xd5, 0x5e, 0x00),
];

/// Writes it to that file.
pub(crate) fn draw(plot: &Plot, file: &Path) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::new(file, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (x, y) = (reach(plot, |point| point.0), reach(plot, |point| point.1));
    // A third of the height is left for the legend.
    let top = y.1 * 1.5 * (y.1 / y.0).powf(0.4);
    let mut chart = ChartBuilder::on(&root)
        .caption(&plot.title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(70)
        .build_cartesian_2d((x.0..x.1).log_scale(), (y.0 / 1.5..top).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_desc(&plot.x)
        .y_desc(&plot.y)
        .x_label_formatter(&|value| written(*value))
        .y_label_formatter(&|value| written(*value))
        .draw()?;
    for (line, colour) in plot.lines.iter().zip(COLOURS.iter().cycle()) {
        let points = || line.points.iter().copied();
        chart
            .draw_series(LineSeries::new(points(), colour.stroke_width(2)))?
            .label(&line.name)
            .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        chart.draw_series(points().map(|point| Circle::new(point, 3, colour.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    root.present()?;
    Ok(())
}

/// The least and the most of all lines.
fn reach(plot: &Plot, of: impl Fn(&(f64, f64)) -> f64) -> (f64, f64) {
    let values = plot.lines.iter().flat_map(|line| line.points.iter().map(&of));
    values.fold((f64::MAX, f64::MIN), |(least, most), value| (least.min(value), most.max(value)))
}

fn written(value: f64) -> String {
    match value {
        ..0.1 => format!("{value:.2}"),
        0.1..1.0 => format!("{value:.1}"),
        1_000_000.0.. => format!("{:.0}M", value / 1e6),
        1_000.0.. => format!("{:.0}k", value / 1e3),
        _ => format!("{value:.0}"),
    }
}
