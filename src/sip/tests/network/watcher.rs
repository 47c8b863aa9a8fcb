//! A phone that subscribes, by hand: its SUBSCRIBEs with the password's proof, and the NOTIFYs that
//! came to it.

#![allow(dead_code, clippy::unwrap_used)]

use super::{BOX, Network, PASSWORD, at, header, line};
use model::Secret;
use rsip::Method;
use sip::FlowId;
use sip::digest::Challenge;

/// What a phone keeps of a subscription.
#[derive(Clone, Debug)]
pub struct Watcher {
    pub who: &'static str,
    pub account: &'static str,
    /// Whom it watches: the user part of the request URI.
    pub target: String,
    pub event: String,
    pub call_id: String,
    pub cseq: u32,
    /// The tag of the box, once there is one.
    pub tag: Option<String>,
    /// The Contact, without angle brackets.
    pub contact: String,
    /// Headers besides.
    pub more: String,
    /// The connection it goes by, if it is none of UDP.
    pub flow: Option<FlowId>,
    /// The NOTIFYs that came, in order, none twice.
    pub notified: Vec<String>,
    /// What it answers to them.
    pub answers: String,
    seen: usize,
    requests: u32,
}

impl Watcher {
    /// Phone 8002 at `who` that watches `target`.
    pub fn new(who: &'static str, target: &str, event: &str) -> Self {
        let call_id = format!("{}-{target}@{who}", event.replace([';', '='], "-"));
        Self {
            who,
            account: "8002",
            target: target.to_owned(),
            event: event.to_owned(),
            call_id,
            cseq: 0,
            tag: None,
            contact: format!("sip:8002@{who}"),
            more: String::new(),
            flow: None,
            notified: Vec::new(),
            answers: "200 OK".to_owned(),
            seen: 0,
            requests: 0,
        }
    }

    /// Sends a SUBSCRIBE, answers the challenge, and gives the final answer. NOTIFYs are answered.
    pub fn subscribe(
        &mut self,
        net: &mut Network,
        expires: &str,
        body: Option<(&str, &str)>,
    ) -> String {
        let event = format!("Event: {}\n{}", self.event, self.more);
        let user = format!("{}@", self.target);
        let answer = self.proved(net, Method::Subscribe, &user, &event, expires, body);
        if answer.starts_with("SIP/2.0 2") {
            let to = header(&answer, "To").unwrap();
            self.tag = to.split("tag=").nth(1).map(str::to_owned);
        }
        answer
    }

    /// Registers its contact by the way it subscribes by, and gives the final answer.
    pub fn register(&mut self, net: &mut Network) -> String {
        let mut registration = self.clone();
        registration.call_id = format!("reg-{}", self.call_id);
        registration.target = self.account.to_owned();
        registration.tag = None;
        let answer = registration.proved(net, Method::Register, "", "", "300", None);
        (self.cseq, self.requests) = (registration.cseq, registration.requests);
        answer
    }

    /// Takes a call that a lamp named, by an INVITE with Replaces, and gives the final answer.
    pub fn pick_up(&mut self, net: &mut Network, call_id: &str, to: &str, from: &str) -> String {
        let mut caller = self.clone();
        caller.call_id = format!("pick-{}", self.call_id);
        caller.tag = None;
        let user = format!("{}@", self.target);
        let more = format!("Replaces: {call_id};to-tag={to};from-tag={from};early-only\n");
        let sdp = "v=0\no=- 1 1 IN IP4 192.0.2.21\ns=-\nc=IN IP4 192.0.2.21\nt=0 0\n\
                   m=audio 9000 RTP/AVP 8 0\n";
        let body = Some(("application/sdp", sdp));
        caller.proved(net, Method::Invite, &user, &more, "", body)
    }

    fn proved(
        &mut self,
        net: &mut Network,
        method: Method,
        user: &str,
        more: &str,
        expires: &str,
        body: Option<(&str, &str)>,
    ) -> String {
        let uri = format!("sip:{user}192.0.2.1");
        let first = self.send(net, method, &uri, more, expires, body);
        let Some(challenge) = header(&first, "WWW-Authenticate") else { return first };
        let challenge = Challenge::parse(&challenge).unwrap();
        let secret = Secret::new(PASSWORD);
        let proof = challenge.answer(self.account, &secret, method, &uri, "c", 1);
        self.send(net, method, &uri, &format!("{more}Authorization: {proof}\n"), expires, body)
    }

    /// Lets time pass in steps, answering each NOTIFY.
    pub fn run(&mut self, net: &mut Network, ms: u64) {
        let end = net.now + std::time::Duration::from_millis(ms);
        while net.now < end {
            net.run_ms(5);
            self.take(net);
        }
    }

    /// Begins at the start of another network's wire.
    pub fn forget(&mut self) {
        self.seen = 0;
    }

    /// The last NOTIFY.
    pub fn last(&self) -> &str {
        self.notified.last().unwrap()
    }

    /// The Subscription-State of each NOTIFY, without what its parameters are counted in.
    pub fn states(&self) -> Vec<String> {
        let state = |n: &String| header(n, "Subscription-State").unwrap();
        self.notified.iter().map(state).collect()
    }

    /// The body of a NOTIFY.
    pub fn body(notify: &str) -> &str {
        notify.split_once("\r\n\r\n").unwrap().1
    }

    /// Takes what came since the last look, and answers NOTIFYs.
    pub fn take(&mut self, net: &mut Network) -> Option<String> {
        let mut answer = None;
        while self.seen < net.wire.len() {
            let (_, to, text) = net.wire[self.seen].clone();
            self.seen += 1;
            let mine = header(&text, "Call-ID").as_deref() == Some(&self.call_id);
            if to != at(self.who) || !mine {
                continue;
            }
            if !text.starts_with("NOTIFY") {
                answer = Some(text);
                continue;
            }
            let cseq = header(&text, "CSeq");
            if !self.notified.iter().any(|n| header(n, "CSeq") == cseq) {
                self.notified.push(text.clone());
            }
            if !self.answers.is_empty() {
                let copied = ["Via", "From", "To", "Call-ID", "CSeq"]
                    .map(|name| format!("{name}: {}\n", header(&text, name).unwrap()))
                    .concat();
                let reply = format!("SIP/2.0 {}\n{copied}Content-Length: 0\n\n", self.answers);
                self.put(net, &reply);
            }
        }
        answer
    }

    fn put(&self, net: &mut Network, text: &str) {
        match self.flow {
            Some(flow) => net.write(flow, text),
            None => net.inject(self.who, BOX, text.replace('\n', "\r\n").as_bytes()),
        }
    }

    fn send(
        &mut self,
        net: &mut Network,
        method: Method,
        uri: &str,
        more: &str,
        expires: &str,
        body: Option<(&str, &str)>,
    ) -> String {
        self.cseq += 1;
        self.requests += 1;
        let (who, account, target) = (self.who, self.account, &self.target);
        let (call_id, cseq, contact) = (&self.call_id, self.cseq, &self.contact);
        let transport = if self.flow.is_some() { "TLS" } else { "UDP" };
        let tag = self.tag.as_ref().map_or(String::new(), |tag| format!(";tag={tag}"));
        let expires = match expires.is_empty() {
            true => String::new(),
            false => format!("Expires: {expires}\n"),
        };
        let (format, body) = body.unwrap_or_default();
        let format = match format.is_empty() {
            true => String::new(),
            false => format!("Content-Type: {format}\n"),
        };
        let length = body.replace('\n', "\r\n").len();
        let branch = format!("z9hG4bK{}{}", self.requests, call_id.replace(['@', ':', '.'], ""));
        let text = format!(
            "{method} {uri} SIP/2.0\n\
             Via: SIP/2.0/{transport} {who};branch={branch};rport\nMax-Forwards: 70\n\
             From: <sip:{account}@box.example>;tag=w\nTo: <sip:{target}@box.example>{tag}\n\
             Call-ID: {call_id}\nCSeq: {cseq} {method}\nContact: <{contact}>\n\
             {expires}{more}{format}Content-Length: {length}\n\n{body}"
        );
        self.put(net, &text);
        for _ in 0..20 {
            net.run_ms(5);
            if let Some(answer) = self.take(net) {
                assert_eq!(line(&answer).split(' ').nth(1), Some(method.to_string().as_str()));
                return answer;
            }
        }
        panic!("no answer to {text}");
    }
}
