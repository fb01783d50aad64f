//! Checks the colours of the theme: contrast by WCAG 2.2, and status colours that remain distinguishable for the three
//! types of dichromacy.

use super::Token;

/// The colours of text.
const TEXT: [&str; 3] = ["text", "muted", "link"];
/// The colours of a status, in text and icons.
const STATUS: [&str; 6] = ["ok", "pending", "danger", "info", "drift", "off"];
const GROUNDS: [&str; 2] = ["canvas", "subtle"];
/// The share of its own colour in the background of a pill; `[data-badge="pill"]` in the theme uses the same value.
const TINT: f64 = 0.08;
/// WCAG 2.2, 1.4.3 and 1.4.11.
const TEXT_RATIO: f64 = 4.5;
const BORDER_RATIO: f64 = 3.0;
/// The CIE76 distance at which two icon-sized colours are easily distinguished.
const APART: f64 = 20.0;

/// Machado, Oliveira and Fernandes 2009, severity 1.0, applied to linear RGB.
const VISION: [(&str, [[f64; 3]; 3]); 4] = [
    (
        "normal vision",
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    ),
    (
        "protanopia",
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
    ),
    (
        "deuteranopia",
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
    ),
    (
        "tritanopia",
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ),
];

/// Returns the findings in the palette.
pub fn check(tokens: &[Token]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (theme, pick) in [("light", light as fn(&Token) -> [u8; 3]), ("dark", dark)] {
        let colour = |name: &str| tokens.iter().find(|token| token.name == name).map(pick);
        let required = TEXT
            .iter()
            .chain(&STATUS)
            .chain(&GROUNDS)
            .chain(&["control"]);
        let missing: Vec<&&str> = required.filter(|name| colour(name).is_none()).collect();
        if !missing.is_empty() {
            return vec![format!("style/theme.css has no colour token {missing:?}")];
        }
        for ground in GROUNDS
            .iter()
            .filter_map(|name| Some((name, colour(name)?)))
        {
            for (names, least) in [
                (&TEXT[..], TEXT_RATIO),
                (&STATUS[..], TEXT_RATIO),
                (&["control"][..], BORDER_RATIO),
            ] {
                for (name, ink) in names.iter().filter_map(|name| Some((name, colour(name)?))) {
                    let ratio = contrast(ink, ground.1);
                    if ratio < least {
                        wrong.push(format!(
                            "{theme}: --{name} on --{} is {ratio:.2}:1; the minimum is {least}:1",
                            ground.0
                        ));
                    }
                }
            }
        }
        let canvas = colour("canvas").unwrap_or_default();
        for (name, ink) in STATUS.iter().filter_map(|name| Some((name, colour(name)?))) {
            let ratio = contrast(ink, mixed(ink, canvas));
            if ratio < TEXT_RATIO {
                wrong.push(format!(
                    "{theme}: --{name} on its own tint is {ratio:.2}:1; the minimum is {TEXT_RATIO}:1"
                ));
            }
        }
        for (vision, matrix) in &VISION {
            let seen: Vec<(&str, [f64; 3])> = STATUS
                .iter()
                .filter_map(|name| Some((*name, lab(seen(matrix, colour(name)?)))))
                .collect();
            for (at, (one, a)) in seen.iter().enumerate() {
                for (other, b) in &seen[at + 1..] {
                    let distance = a
                        .iter()
                        .zip(b)
                        .map(|(a, b)| (a - b).powi(2))
                        .sum::<f64>()
                        .sqrt();
                    if distance < APART {
                        wrong.push(format!("{theme}: --{one} and --{other} are {distance:.1} apart with {vision}; the minimum is {APART}"));
                    }
                }
            }
        }
    }
    wrong
}

fn light(token: &Token) -> [u8; 3] {
    token.light
}

fn dark(token: &Token) -> [u8; 3] {
    token.dark
}

/// `color-mix(in srgb, ink 8%, ground)`.
fn mixed(ink: [u8; 3], ground: [u8; 3]) -> [u8; 3] {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a mean of two bytes is a byte"
    )]
    let mean =
        |i: usize| (f64::from(ink[i]) * TINT + f64::from(ground[i]) * (1.0 - TINT)).round() as u8;
    [mean(0), mean(1), mean(2)]
}

/// sRGB to linear light, 0 to 1.
fn linear(colour: [u8; 3]) -> [f64; 3] {
    colour.map(|channel| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.040_45 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    })
}

fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let luminance = |colour| {
        let [r, g, b] = linear(colour);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Returns linear light as perceived with this colour vision deficiency.
fn seen(matrix: &[[f64; 3]; 3], colour: [u8; 3]) -> [f64; 3] {
    let light = linear(colour);
    matrix.map(|row| {
        row.iter()
            .zip(light)
            .map(|(m, c)| m * c)
            .sum::<f64>()
            .clamp(0.0, 1.0)
    })
}

/// CIE L*a*b* under D65.
fn lab(light: [f64; 3]) -> [f64; 3] {
    const XYZ: [[f64; 3]; 3] = [
        [0.412_456, 0.357_576, 0.180_437],
        [0.212_673, 0.715_152, 0.072_175],
        [0.019_334, 0.119_192, 0.950_304],
    ];
    const WHITE: [f64; 3] = [0.950_47, 1.0, 1.088_83];
    let mut scaled = [0.0; 3];
    for ((out, row), white) in scaled.iter_mut().zip(XYZ).zip(WHITE) {
        let t = row.iter().zip(light).map(|(m, c)| m * c).sum::<f64>() / white;
        *out = if t > 0.008_856 {
            t.cbrt()
        } else {
            7.787 * t + 16.0 / 116.0
        };
    }
    let [x, y, z] = scaled;
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::tokens;

    #[test]
    fn the_theme_is_readable_and_its_status_colours_stay_apart_for_every_eye() {
        assert_eq!(check(&tokens().unwrap()), Vec::<String>::new());
    }

    #[test]
    fn contrast_agrees_with_the_known_extremes() {
        assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 0.001);
        assert!((contrast([0x77; 3], [255; 3]) - 4.48).abs() < 0.01);
    }

    #[test]
    fn red_and_green_that_deuteranopes_confuse_are_found() {
        let mut theme = tokens().unwrap();
        for token in &mut theme {
            match token.name.as_str() {
                "ok" => token.light = [0x4a, 0x7a, 0x1c],
                "danger" => token.light = [0xa8, 0x5c, 0x10],
                _ => {}
            }
        }
        assert!(
            check(&theme)
                .iter()
                .any(|wrong| wrong.contains("--ok and --danger") && wrong.contains("deuteranopia"))
        );
    }

    #[test]
    fn a_missing_token_is_named() {
        let theme: Vec<Token> = tokens()
            .unwrap()
            .into_iter()
            .filter(|token| token.name != "drift")
            .collect();
        assert!(check(&theme)[0].contains("drift"));
    }
}
