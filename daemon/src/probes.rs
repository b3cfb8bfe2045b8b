//! The pages of metrics and health, for Prometheus and probes.

use std::{io, sync::Arc, time::Duration};

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};

use crate::listener;

/// What a part of the appliance says of itself.
pub(crate) struct Health {
    /// The part.
    pub(crate) part: String,
    /// Why it cannot serve, if it cannot.
    pub(crate) trouble: Option<String>,
}

/// What the pages show.
pub(crate) struct Pages {
    pub(crate) metrics: &'static PrometheusHandle,
    /// Asks every part; may block.
    pub(crate) health: Box<dyn Fn() -> Vec<Health> + Send + Sync>,
}

/// Answers those who ask, a few at a time.
pub(crate) async fn serve(socket: TcpListener, pages: Arc<Pages>) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    while let Ok(permit) = permits.clone().acquire_owned().await {
        match socket.accept().await {
            Ok((stream, _)) => {
                let pages = pages.clone();
                tokio::spawn(async move {
                    // Who asks badly, or too slowly, gets no answer.
                    let _ = timeout(REQUEST_MAX, Box::pin(answer(stream, &pages))).await;
                    drop(permit);
                });
            }
            Err(error) => {
                drop(permit);
                listener::rest(&error).await;
            }
        }
    }
}

async fn answer(mut stream: TcpStream, pages: &Arc<Pages>) -> io::Result<()> {
    let mut request = Vec::with_capacity(1024);
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if request.len() > REQUEST_BYTES_MAX || stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let request = String::from_utf8_lossy(&request);
    let mut words = request.split_ascii_whitespace();
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let path = target.split('?').next().unwrap_or("");
    let (status, body) = match (method, path) {
        ("GET" | "HEAD", "/metrics") => ("200 OK", pages.metrics.render()),
        ("GET" | "HEAD", "/healthz") => ("200 OK", "alive\n".to_owned()),
        ("GET" | "HEAD", "/readyz") => readiness(pages).await,
        ("GET" | "HEAD", _) => (
            "404 Not Found",
            "there are /metrics, /healthz and /readyz\n".to_owned(),
        ),
        _ => ("405 Method Not Allowed", "only GET is served\n".to_owned()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
         Content-Length: {}\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    if method != "HEAD" {
        stream.write_all(body.as_bytes()).await?;
    }
    stream.shutdown().await
}

/// Every part with its state. Causes are for the log: who probes learns only which part it is.
async fn readiness(pages: &Arc<Pages>) -> (&'static str, String) {
    let own = pages.clone();
    let asked = tokio::task::spawn_blocking(move || (own.health)());
    let Ok(Ok(parts)) = timeout(HEALTH_MAX, asked).await else {
        return ("503 Service Unavailable", "no answer in time\n".to_owned());
    };
    let mut body = String::new();
    let mut is_ready = true;
    for own in parts {
        if let Some(why) = &own.trouble {
            tracing::warn!(part = own.part, why, "not ready");
            is_ready = false;
        }
        let state = if own.trouble.is_some() {
            "failed"
        } else {
            "ok"
        };
        body.push_str(&format!("{} {state}\n", own.part));
    }
    let status = if is_ready {
        "200 OK"
    } else {
        "503 Service Unavailable"
    };
    (status, body)
}

const CONNECTIONS_MAX: usize = 32;
const REQUEST_BYTES_MAX: usize = 8 * 1024;
const REQUEST_MAX: Duration = Duration::from_secs(5);
const HEALTH_MAX: Duration = Duration::from_secs(3);
