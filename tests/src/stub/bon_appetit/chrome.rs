//! What surrounds a menu on the page: styles, navigation, the café's hours, the foot.

use std::fmt::Write;
use std::sync::LazyLock;

use chrono::NaiveDate;

use super::super::hall::Hall;
use super::super::menu::Meal;
use super::super::posting::Kind;

/// Styles and links of the size that such sites carry on every page.
static STYLES: LazyLock<String> = LazyLock::new(|| {
    let mut css = String::with_capacity(160_000);
    for at in 0..1_100 {
        let _ = writeln!(
            css,
            ".c-block-{at} .c-block__inner{{display:flex;margin:{}px auto;padding:0 {}px;\
             color:#{:06x}}}.c-block-{at}:hover{{opacity:.{}}}",
            at % 40,
            at % 24,
            at * 7919 % 0xff_ffff,
            at % 9 + 1
        );
    }
    css
});

pub(super) fn head(out: &mut String, hall: Hall) {
    let title = hall.title();
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head>\n<meta charset=\"utf-8\">\n\
         <title>{title} &#8211; Stub Caf\u{e9}</title>\n<style>\n{}</style>\n</head>\n\
         <body class=\"wp-singular cafe-template-default single single-cafe\">\n\
         <div class=\"l-wrapper\" data-js=\"site-wrap\" id=\"site-wrap\">\n\
         <header class=\"site-header\"><nav class=\"site-header__nav\">\n\
         <ol class=\"site-header__nav-list\">\n",
        *STYLES
    );
    for (path, label) in
        [("/cafe/", "Caf\u{e9}"), ("/wellness/", "Wellness"), ("/catering/", "Catering")]
    {
        let _ = writeln!(
            out,
            "<li class=\"primary__list-item\"><a href=\"{path}\" class=\"primary__action\">\
             <div class=\"primary__action-title\">{label}</div></a></li>"
        );
    }
    out.push_str("</ol></nav></header>\n<main id=\"main-content\">\n");
}

/// `section#cafe-hours`: today's hours, the weekly schedule, and what is special.
pub(super) fn hours(out: &mut String, hall: Hall, date: NaiveDate, meals: &[Meal], kind: Kind) {
    let _ = write!(
        out,
        "<section class=\"panel s-wrapper site-panel site-panel--cafeinfo\"\nid=\"cafe-hours\"\n\
         data-index=\"6\"\ndata-js=\"panel\"\ndata-type=\"cafeinfo\"\n\
         data-jump-nav-title=\"Caf\u{e9} Hours\"\ndata-url-key=\"cafe-hours\"\n\
         data-modular-content>\n<div class=\"l-container\">\n\
         <header class=\"site-panel__cafeinfo-header\">\n\
         <h2 class=\"panel__title site-panel__cafeinfo-title\">\n{}\n</h2>\n</header>\n\
         <div class=\"site-panel__cafeinfo-special-schedule\">\n",
        hall.title()
    );
    special_hours(out, date, meals, kind);
    out.push_str("</div>\n<ul class=\"site-panel__cafeinfo-hours\">\n");
    for (at, meal) in meals.iter().enumerate() {
        let _ = write!(
            out,
            "<li class=\"dotted-leader-container\">\n\
             <span class=\"dotted-leader-content pull-left\">{}</span>\n\
             <span class=\"dotted-leader-content pull-right\">{}{} - {}</span>\n</li>\n",
            meal.label,
            if at == 0 { "Served from " } else { "" },
            clock(meal.start),
            clock(meal.end),
        );
    }
    out.push_str("</ul>\n<p class='current-status'>Weekly Schedule</p><ul class='list-unstyled'>");
    for (label, text) in schedule(hall) {
        line(out, label, text);
    }
    out.push_str("</ul>\n</div>\n</section>\n");
}

/// Special hours carry no year.
fn special_hours(out: &mut String, date: NaiveDate, meals: &[Meal], kind: Kind) {
    let day = date.format("%B %-d");
    if !matches!(kind, Kind::Closed | Kind::HolidayBrunch) {
        return;
    }
    out.push_str(
        "<div class='cafe-hours-special' style='color:red;'>\
         <p class='current-status'>SPECIAL HOURS</p><ul class='list-unstyled'>",
    );
    if kind == Kind::Closed {
        line(out, "Caf\u{e9} Closed", &day.to_string());
    }
    for meal in meals {
        line(out, meal.label, &format!("{day}, {} - {}", clock(meal.start), clock(meal.end)));
    }
    out.push_str("</ul></div>\n");
}

fn line(out: &mut String, label: &str, text: &str) {
    let _ = write!(
        out,
        "<li class='day-part dotted-leader-container'>\
         <span class='dotted-leader-content pull-left'>{label}&nbsp;&nbsp;</span>\
         <span class='dotted-leader-content pull-right'>&nbsp;&nbsp;&nbsp;{text}</span></li>"
    );
}

fn schedule(hall: Hall) -> &'static [(&'static str, &'static str)] {
    match hall {
        Hall::Collins => &[
            ("Breakfast", "Mon-Fri, 7:30 am - 9:00 am"),
            ("Brunch", "Sat-Sun, 10:30 am - 12:30 pm"),
            ("Lunch", "Mon-Fri, 11:00 am - 1:00 pm"),
            ("Dinner", "Mon-Fri, 5:00 pm - 7:00 pm"),
            ("Dinner", "Sat-Sun, 4:30 pm - 6:30 pm"),
            ("Late Night", "Mon-Thu, 10:30 pm - 11:30 pm"),
            ("Continental Breakfast ", "Mon-Fri, 9:00 am - 10:00 am"),
        ],
        Hall::Malott => &[
            ("Breakfast", "Mon-Fri, 7:30 am - 10:00 am"),
            ("Brunch", "Mon/Sat-Sun, 10:00 am - 1:00 pm"),
            ("Lunch", "Mon-Sun, 11:00 am - 2:00 pm"),
            ("Dinner", "Mon-Fri, 5:00 pm - 7:15 pm"),
            ("Dinner", "Sat-Sun, 5:00 pm - 7:00 pm"),
        ],
        _ => &[
            ("Breakfast", "Mon-Fri, 7:45 am - 10:00 am"),
            ("Brunch", "Sat-Sun, 10:30 am - 1:30 pm"),
            ("Lunch", "Mon-Fri, 11:00 am - 1:30 pm"),
            ("Dinner", "Mon-Sun, 5:00 pm - 7:30 pm"),
        ],
    }
}

/// The section that stands where the meals would.
pub(super) fn closed(out: &mut String, date: NaiveDate) {
    let _ = write!(
        out,
        "<section class=\"panel s-wrapper site-panel site-panel--daypart\" id=\"closed\" \
         data-type=\"daypart\" data-jump-nav-title=\"Closed\">\n\
         <div class=\"l-container site-panel__daypart-container \" data-end-date=\"{date}\" \
         data-js=\"site-panel__daypart-container\">\n\
         <h2 class=\"panel__title site-panel__daypart-panel-title \">Closed for the day</h2>\n\
         </div>\n</section>\n"
    );
}

pub(super) fn foot(out: &mut String) {
    out.push_str("</main>\n<footer class=\"site-footer\">\n<ol class=\"site-footer__nav-list\">\n");
    for label in ["Terms of Use", "Privacy Policy", "Privacy Requests"] {
        let _ = writeln!(out, "<li><a href=\"/terms\">{label}</a></li>");
    }
    out.push_str("</ol>\n</footer>\n</div>\n</body>\n</html>\n");
}

/// `16:30` as the site shows it: `4:30 pm`.
pub(super) fn clock(time: &str) -> String {
    let (hour, minute) = time.split_once(':').unwrap_or(("0", "00"));
    let hour: u32 = hour.parse().unwrap_or(0);
    let half = if hour < 12 { "am" } else { "pm" };
    format!("{}:{minute} {half}", (hour + 11) % 12 + 1)
}
