//! A progress bar for what takes longer than two seconds.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use kmip::ttlv::Timestamp;

use crate::clock::Clock;

/// Something that is under way.
pub(super) struct Progress {
    clock: Clock,
    began: Instant,
    what: &'static str,
    bytes_all: Option<u64>,
    /// Whether what is counted are things, and no bytes.
    are_items: bool,
    bytes_done: u64,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Begins. With a number of bytes it shows how many are done, and without that it is under way.
    pub(super) fn new(what: &'static str, bytes_all: Option<u64>) -> Self {
        let clock = Clock::system(Timestamp(0));
        Self {
            began: clock.instant(),
            clock,
            what,
            bytes_all,
            are_items: false,
            bytes_done: 0,
            bar: None,
        }
    }

    /// Begins something that so many things are to be done of.
    pub(super) fn of_items(what: &'static str, all: u64) -> Self {
        let mut own = Self::new(what, Some(all));
        own.are_items = true;
        own
    }

    /// So many more bytes, or things, are done.
    pub(super) fn advance(&mut self, bytes: u64) {
        self.bytes_done += bytes;
        if self.bar.is_none() && self.clock.instant().duration_since(self.began) > PATIENCE {
            self.bar = Some(self.show());
        }
        if let Some(bar) = &self.bar {
            bar.set_position(self.bytes_done);
            bar.tick();
        }
    }

    /// A bar on standard error, which stays silent when that is no terminal.
    fn show(&self) -> ProgressBar {
        let (bar, shape) = match self.bytes_all {
            Some(items) if self.are_items => (
                ProgressBar::new(items),
                "{msg} {wide_bar} {pos}/{len} {eta}",
            ),
            Some(bytes) => (
                ProgressBar::new(bytes),
                "{msg} {wide_bar} {bytes}/{total_bytes} {eta}",
            ),
            None => (ProgressBar::new_spinner(), "{spinner} {msg} {elapsed}"),
        };
        let style = ProgressStyle::with_template(shape);
        bar.with_message(self.what)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(2);
