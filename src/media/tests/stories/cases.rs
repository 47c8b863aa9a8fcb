//! Networks that are tried, each from a seed.

use crate::judged::Case;
use crate::network::{Bursts, Delay, Network};

/// Every case of the table in README.
pub fn cases() -> Vec<Case> {
    let way = || Network::new(5);
    let case = |name, way| Case { name, way, fast_ppm: 0, pauses: false };
    let skewed = |name, fast_ppm| Case { fast_ppm, ..case(name, way()) };
    let even = |ms: u64| Delay::Even { up_to_us: ms * 1000 };
    let lossy = |share| Bursts::random(share);
    vec![
        case("nothing", way()),
        case("jitter 30 ms", Network { delay: even(30), ..way() }),
        case("jitter 60 ms", Network { delay: even(60), ..way() }),
        case(
            "jitter, bell of 10 ms",
            Network { delay: Delay::Bell { deviation_us: 10_000 }, ..way() },
        ),
        case(
            "jitter, queue to 80 ms",
            Network { delay: Delay::Queue { up_to_us: 80_000 }, ..way() },
        ),
        case("loss 1 %", Network { bursts: lossy(0.01), ..way() }),
        case("loss 3 %", Network { bursts: lossy(0.03), ..way() }),
        case("loss 5 %", Network { bursts: lossy(0.05), ..way() }),
        case("loss 10 %", Network { bursts: lossy(0.1), ..way() }),
        case("loss 5 % in rows of 3", Network { bursts: Bursts::rows(0.05, 3.0), ..way() }),
        case("loss 10 % in rows of 4", Network { bursts: Bursts::rows(0.1, 4.0), ..way() }),
        case("loss 5 %, jitter 30 ms", Network { bursts: lossy(0.05), delay: even(30), ..way() }),
        case("reordered 10 %", Network { overtaken: 0.1, ..way() }),
        case("doubled 20 %", Network { doubled: 0.2, ..way() }),
        case("route 60 ms longer each 20 s", Network { flap: Some((20_000_000, 60_000)), ..way() }),
        case(
            "route 150 ms longer each 60 s",
            Network { flap: Some((60_000_000, 150_000)), ..way() },
        ),
        skewed("clock +100 ppm", 100),
        skewed("clock -100 ppm", -100),
        skewed("clock +500 ppm", 500),
        skewed("clock -500 ppm", -500),
        Case { pauses: true, ..case("pauses, comfort noise", way()) },
        Case {
            pauses: true,
            fast_ppm: -100,
            ..case(
                "pauses, 3 % loss, jitter 30 ms, -100 ppm",
                Network { bursts: lossy(0.03), delay: even(30), ..way() },
            )
        },
        Case {
            fast_ppm: 50,
            ..case(
                "all at once",
                Network {
                    bursts: Bursts::rows(0.03, 2.0),
                    delay: even(30),
                    overtaken: 0.02,
                    doubled: 0.02,
                    flap: Some((30_000_000, 40_000)),
                    ..way()
                },
            )
        },
    ]
}
