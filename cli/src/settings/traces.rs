//! Where traces go, and how many.

use domain::clock::{Clock, SystemClock};
use domain::ids::IdSource;
use url::Url;
use worker::traces::{self, Collector, Headers};

use super::Source;

/// The share of requests that is traced unless the settings say otherwise.
const RATIO: f64 = 0.05;

/// Traces for an OpenTelemetry collector.
#[derive(Clone, Debug)]
pub struct Traces {
    endpoint: Url,
    /// Their values are marked as secret, and not shown.
    headers: Headers,
    /// The share of requests that is traced, of 1.
    pub ratio: f64,
    /// Whether callers are believed that say which trace a request is part of.
    pub joins_callers: bool,
}

impl Traces {
    /// Reads the settings; `None` without an endpoint.
    pub fn read(source: &mut Source<'_>) -> Option<Self> {
        let (endpoint, headers) = (source.filled("traces.endpoint"), source.filled("traces.headers"));
        let ratio = ratio(source);
        let joins_callers = source.parsed("traces.join_callers", "true or false").unwrap_or(false);
        let endpoint = match traces::address(&endpoint?) {
            Ok(endpoint) => endpoint,
            Err(problem) => {
                source.problem("traces.endpoint", problem);
                return None;
            }
        };
        let headers = traces::headers(&headers.unwrap_or_default(), &endpoint).unwrap_or_else(|problem| {
            source.problem("traces.headers", problem);
            Headers::new()
        });
        Some(Self { endpoint, headers, ratio, joins_callers })
    }

    /// The collector. It is reached only when there is something to tell.
    ///
    /// # Errors
    /// A problem with the settings that [`Self::read`] could not see.
    pub fn connect(&self) -> anyhow::Result<Collector> {
        let process = IdSource::new().uuid(SystemClock.now()).to_string();
        let collector = Collector::new(&self.endpoint, self.headers.clone(), process);
        collector.map_err(|problem| anyhow::anyhow!("traces.endpoint {problem}."))
    }

    /// What goes where, in words.
    pub fn describe(&self) -> String {
        format!("sampled at {}, to {}", self.ratio, self.endpoint.as_str().trim_end_matches('/'))
    }
}

fn ratio(source: &mut Source<'_>) -> f64 {
    let ratio = source.parsed("traces.ratio", "a number").unwrap_or(RATIO);
    if !(0.0..=1.0).contains(&ratio) {
        source.problem("traces.ratio", "must be between 0 and 1, such as 0.05 for one request in twenty");
    }
    ratio
}

#[cfg(test)]
mod tests {
    use crate::settings::Settings;

    fn read(settings: &str) -> Result<Option<super::Traces>, Vec<String>> {
        Settings::of_file(&format!("[traces]\n{settings}")).map(|settings| settings.traces)
    }

    const NEAR: &str = "endpoint = 'http://127.0.0.1:4318'\n";

    #[test]
    fn an_endpoint_is_enough_and_without_one_there_are_no_traces() {
        for none in ["", "ratio = 1", "endpoint = ''"] {
            assert!(read(none).unwrap().is_none(), "{none}");
        }
        let traces = read(NEAR).unwrap().unwrap();
        assert_eq!((traces.ratio, traces.joins_callers), (0.05, false));
        assert_eq!(traces.describe(), "sampled at 0.05, to http://127.0.0.1:4318");
        assert!(traces.connect().is_ok());
    }

    #[test]
    fn what_can_not_be_is_refused_without_its_secrets() {
        for bad in [
            "endpoint = '127.0.0.1:4318'",
            &format!("{NEAR}ratio = 1.01"),
            &format!("{NEAR}ratio = -0.1"),
            &format!("{NEAR}ratio = 'nan'"),
            &format!("{NEAR}join_callers = 'perhaps'"),
            &format!("{NEAR}headers = 'hunter2'"),
            "endpoint = 'http://collector:4318'\nheaders = 'x=hunter2'",
        ] {
            let problems = read(bad).unwrap_err();
            assert!(problems.len() == 1 && !problems[0].contains("hunter2"), "{bad}: {problems:?}");
        }
        let traces = read(&format!("{NEAR}headers = 'authorization=Bearer hunter2'")).unwrap();
        assert!(!format!("{traces:?}").contains("hunter2"));
    }
}
