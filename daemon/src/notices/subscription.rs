//! One client that listens: what waits for it, what it was sent, and what it answers.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc::SyncSender},
};

use kmip::{
    Buffer, OperationCode, ResultStatus, Version,
    message::{RequestHeader, Response, ResponseItem, write_request},
};

use super::{
    limits::Limits,
    news::{Delivery, News, What},
    question::{self, Question},
};
use crate::{fault::Fault, identity::Principal, telemetry};

/// How often a message is sent whose answer does not come, because the connection ends.
const TRIES_MAX: u32 = 5;

/// Who listens, and how.
pub struct Terms {
    /// The vault.
    pub vault: String,
    /// The client's name.
    pub client: String,
    /// The newest version that is spoken with it.
    pub version: Version,
    /// Whether it is the daemon that connects.
    pub is_called: bool,
    /// Whether new objects are put to it.
    pub wants_new: bool,
    /// How much waits for it.
    pub limits: Limits,
}

/// One client that listens.
pub struct Subscription {
    terms: Terms,
    standing: Mutex<Standing>,
    queue: Mutex<Queue>,
    /// Wakes the connection.
    wake: Box<dyn Fn() + Send + Sync>,
}

/// Who it is, as the directory was at a generation.
struct Standing {
    principal: Option<Arc<Principal>>,
    generation: Option<u64>,
}

struct Queue {
    version: Version,
    questions: VecDeque<Question>,
    news: VecDeque<News>,
    news_bytes: usize,
    /// What was sent and is not answered.
    sent: Option<Sent>,
    /// What the client serves, once it has said so.
    serves: Option<Vec<OperationCode>>,
    is_connected: bool,
}

enum Sent {
    Question(Question),
    News(News),
}

/// How it stands with a client that listens.
pub(crate) struct Facts {
    /// Whether a conversation is going on.
    pub(crate) is_connected: bool,
    /// The version that is spoken.
    pub(crate) version: Version,
    /// How many messages the client has not answered yet.
    pub(crate) waiting: usize,
}

/// What an answer is.
pub(crate) enum Answer {
    /// None.
    No,
    /// Of a question.
    Told,
    /// Of a message.
    Delivered(Delivery),
}

/// What the connection does next.
pub enum Next {
    /// It sends this, and waits for the answer.
    Send(Buffer),
    /// It waits until it is woken.
    Wait,
    /// It ends.
    End,
}

impl Subscription {
    /// A client that is known already, or is to be made known when something is to be told.
    pub(crate) fn new(
        terms: Terms,
        principal: Option<Arc<Principal>>,
        wake: Box<dyn Fn() + Send + Sync>,
    ) -> Self {
        let queue = Queue {
            version: terms.version,
            questions: VecDeque::new(),
            news: VecDeque::new(),
            news_bytes: 0,
            sent: None,
            serves: None,
            is_connected: false,
        };
        Self {
            terms,
            standing: Mutex::new(Standing {
                principal,
                generation: None,
            }),
            queue: Mutex::new(queue),
            wake,
        }
    }

    pub(crate) const fn terms(&self) -> &Terms {
        &self.terms
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The version that is spoken with it.
    pub(crate) fn version(&self) -> Version {
        self.queue().version
    }

    /// Whether anything waits to be told.
    pub(crate) fn has_news(&self) -> bool {
        self.facts().waiting > 0
    }

    /// Who it is at a generation of the directory; `establish` finds out from who it was.
    pub(crate) fn principal(
        &self,
        generation: u64,
        establish: impl FnOnce(Option<&Principal>) -> Option<Arc<Principal>>,
    ) -> Option<Arc<Principal>> {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        if standing.generation != Some(generation) {
            standing.principal = establish(standing.principal.as_deref());
            standing.generation = Some(generation);
        }
        standing.principal.clone()
    }

    /// A conversation begins: the client is asked anew, and what it did not answer before is sent again.
    pub fn begin(&self) {
        let mut queue = self.queue();
        let version = self.terms.version;
        queue.is_connected = true;
        queue.version = version;
        queue.questions = if self.terms.is_called {
            let asked = Question::ALL.into_iter();
            asked.filter(|own| own.is_in(version)).collect()
        } else {
            VecDeque::from([Question::Serves])
        };
        if let Some(Sent::News(news)) = queue.sent.take() {
            if news.tries < TRIES_MAX {
                queue.news_bytes += news.bytes;
                queue.news.push_front(news);
            } else {
                self.dropped(&news);
            }
        }
    }

    /// The conversation is over.
    pub(crate) fn ended(&self) {
        self.queue().is_connected = false;
    }

    /// How it stands with the client.
    pub(crate) fn facts(&self) -> Facts {
        let queue = self.queue();
        Facts {
            is_connected: queue.is_connected,
            version: queue.version,
            waiting: queue.news.len() + usize::from(matches!(queue.sent, Some(Sent::News(_)))),
        }
    }

    /// What is to be sent next.
    pub(crate) fn next(&self) -> Next {
        let mut queue = self.queue();
        let version = queue.version;
        let (item, sent) = if let Some(question) = queue.questions.pop_front() {
            (question.item(version), Sent::Question(question))
        } else if let Some(mut news) = queue.take() {
            news.tries += 1;
            (news.what.item(version), Sent::News(news))
        } else {
            return Next::Wait;
        };
        queue.sent = Some(sent);
        let header = RequestHeader::plain(version, 1);
        Next::Send(write_request(&header, &[item], version).into_bytes())
    }

    /// Takes the answer of what was sent.
    pub(crate) fn answered(&self, bytes: &[u8]) -> Answer {
        let mut queue = self.queue();
        let (Ok(response), Some(sent)) = (Response::read(bytes), queue.sent.take()) else {
            return Answer::No;
        };
        let [item] = response.items.as_slice() else {
            return Answer::No;
        };
        match sent {
            Sent::Question(question) => {
                self.learned(&mut queue, question, item);
                Answer::Told
            }
            Sent::News(news) => {
                let refused = item.result_status != ResultStatus::Success;
                let reason = item
                    .result_reason
                    .map(|own| Fault::of(Some(own), queue.version).name());
                let delivery = Delivery {
                    operation: news.what.operation(),
                    object: news.object,
                    version: queue.version,
                    refusal: refused.then(|| reason.unwrap_or("Refused")),
                };
                if let Some(receipt) = news.receipt {
                    // Nobody may wait for it any more.
                    let _ = receipt.try_send(delivery.clone());
                }
                Answer::Delivered(delivery)
            }
        }
    }

    fn learned(&self, queue: &mut Queue, question: Question, item: &ResponseItem) {
        let version = queue.version;
        let client = self.terms.client.as_str();
        match question {
            Question::Versions => {
                let newest = self.terms.version;
                queue.version = question::version(item, version, newest).unwrap_or(version);
                let spoken = queue.version;
                queue.questions.retain(|own| own.is_in(spoken));
            }
            Question::Serves => {
                queue.serves = Some(question::operations(item, version));
                let Queue { news, serves, .. } = queue;
                news.retain(|own| {
                    serves
                        .iter()
                        .flatten()
                        .any(|code| *code == own.what.operation())
                });
                queue.news_bytes = queue.news.iter().map(|own| own.bytes).sum();
            }
            Question::Profiles => {
                let profiles = question::profiles(item, version);
                tracing::info!(client, %version, ?profiles, "a client that listens is connected");
            }
        }
    }

    /// Queues a message, unless the client does not serve it: whether it is queued.
    pub(crate) fn tell(
        &self,
        what: What,
        object: &str,
        receipt: Option<SyncSender<Delivery>>,
    ) -> bool {
        let mut queue = self.queue();
        let (operation, limits) = (what.operation(), self.terms.limits);
        let serves = |own: &Vec<OperationCode>| own.contains(&operation);
        if !queue.serves.as_ref().is_none_or(serves) {
            return false;
        }
        let news = News {
            bytes: what.item(queue.version).payload.len(),
            what,
            object: object.to_owned(),
            tries: 0,
            receipt,
        };
        if limits.waiting_max == 0 || news.bytes > limits.bytes_max {
            self.dropped(&news);
            return false;
        }
        while queue.news.len() >= limits.waiting_max
            || queue.news_bytes + news.bytes > limits.bytes_max
        {
            let Some(oldest) = queue.take() else { break };
            self.dropped(&oldest);
        }
        queue.news_bytes += news.bytes;
        queue.news.push_back(news);
        drop(queue);
        (self.wake)();
        true
    }

    /// Takes back what waits and would give an object away that is no more.
    pub(crate) fn take_back(&self, object: &str) {
        let mut queue = self.queue();
        let is_given = |own: &News| own.object == object && matches!(own.what, What::Put(_));
        queue.news.retain(|own| !is_given(own));
        queue.news_bytes = queue.news.iter().map(|own| own.bytes).sum();
    }

    /// Forgets what waits for a client that is none any more, and ends its conversation.
    pub(crate) fn end(&self) {
        let mut queue = self.queue();
        queue.news.clear();
        queue.news_bytes = 0;
        drop(queue);
        (self.wake)();
    }

    fn dropped(&self, news: &News) {
        let client = self.terms.client.as_str();
        let (operation, object) = (news.what.operation().name(), news.object.as_str());
        tracing::warn!(
            client,
            ?operation,
            object,
            "a client that listens is not told"
        );
        telemetry::told(operation.unwrap_or_default(), "dropped");
    }
}

impl Queue {
    fn take(&mut self) -> Option<News> {
        let news = self.news.pop_front()?;
        self.news_bytes = self.news_bytes.saturating_sub(news.bytes);
        Some(news)
    }
}
