//! A client that listens at an address of its own: the daemon connects to it, and again when a connection ends.

use std::{io, sync::Arc, time::Duration};

use tokio::{net::TcpStream, sync::Notify, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{Shared, inbox::Inbox, turned, wire::Wire};
use crate::{
    config,
    notices::{Subscription, Terms},
    telemetry,
    tls::outgoing,
};

/// How long it rests after a connection failed; twice as long with each that follows.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// Tells a client that listens what there is to tell, as long as the daemon runs.
pub(crate) async fn call(listens: config::Notify, shared: Arc<Shared>) {
    let news = Arc::new(Notify::new());
    let woken = news.clone();
    let terms = Terms {
        vault: listens.vault.clone(),
        client: listens.client.clone(),
        version: listens.version,
        is_called: true,
        wants_new: listens.new_objects,
        limits: shared.limits.service.notices,
    };
    let wake = Box::new(move || woken.notify_one());
    let heard = turned::Heard::of(&shared, shared.service.listen(terms, None, wake));
    let mut stop = shared.stop.clone();
    let mut pause = PAUSE_MIN;
    // The first connection is made at once, so that what is wrong is seen before it matters; another when there is
    // something to tell.
    while !*stop.borrow() {
        let mut rest = None;
        if shared.service.listener(heard.subscription()).is_some() {
            match converse(&listens, heard.subscription(), &news, &shared).await {
                Ok(()) => {
                    pause = PAUSE_MIN;
                    rest = heard.subscription().has_news().then_some(pause);
                }
                Err(error) => {
                    let (client, address) = (&listens.client, &listens.address);
                    tracing::warn!(
                        client,
                        address,
                        error,
                        "a client that listens is not reached"
                    );
                    telemetry::call_failed();
                    rest = Some(pause);
                    pause = pause.saturating_mul(2).min(PAUSE_MAX);
                }
            }
        }
        tokio::select! {
            () = rests(rest, &news) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Waits for a time, or for news.
async fn rests(rest: Option<Duration>, news: &Notify) {
    match rest {
        Some(rest) => tokio::time::sleep(rest).await,
        None => news.notified().await,
    }
}

/// One connection, from its beginning to its end.
async fn converse(
    listens: &config::Notify,
    subscription: &Arc<Subscription>,
    news: &Notify,
    shared: &Shared,
) -> Result<(), String> {
    let stream = timeout(shared.limits.handshake_max, connect(listens))
        .await
        .map_err(|_| "it does not answer in time".to_owned())??;
    subscription.begin();
    let mut wire = Wire::new(stream, shared);
    let mut inbox = Inbox::new();
    if turned::tell(&mut wire, &mut inbox, subscription, news, shared).await == 0 {
        return Err("it does not answer what it is asked".to_owned());
    }
    Ok(())
}

async fn connect(listens: &config::Notify) -> Result<TlsStream<TcpStream>, String> {
    let own = listens.clone();
    let config = tokio::task::spawn_blocking(move || outgoing(&own)).await;
    let config = config
        .map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())?;
    let broken = |error: io::Error| error.to_string();
    let stream = TcpStream::connect(&listens.address).await.map_err(broken)?;
    // A message is one write, and waiting to fill a segment costs 40 ms. It is no less correct without.
    let _ = stream.set_nodelay(true);
    TlsConnector::from(config)
        .connect(listens.server_name.clone(), stream)
        .await
        .map_err(broken)
}
