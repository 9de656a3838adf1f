//! Amazon CloudWatch: its alarms, by a topic of Amazon SNS.
//!
//! Who may post is decided in `http::hooks::alerts::topics`; here is what is pure about it: which topics and addresses are believed, and
//! what is signed. Nothing is fetched from an address that a message names: of it, only the name of the certificate's file is taken.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::alerts::Alarms;
use domain::ports::{TopicDigest, TopicMessage};
use entity::Severity;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::fields::Fields;
use super::kind::{Kind, Post, Proof, Reading};
use super::told::{Spell, Told};

/// CloudWatch.
pub const KIND: Kind = Kind {
    name: "cloudwatch",
    about: "Amazon CloudWatch, by a topic of Amazon SNS",
    docs: "docs/integrations/alerts.md#amazon-cloudwatch",
    proofs: &[Proof::Topic, Proof::Address],
    words: &[("alarm", Severity::Major)],
    headers: &[],
    looks_like: |body| body.get("TopicArn").is_some() && body.get("SigningCertURL").is_some(),
    read,
};

/// What certificates are called.
const CERTIFICATE: &str = "SimpleNotificationService-";
/// Characters of what follows.
const CERTIFICATE_CHARS: std::ops::RangeInclusive<usize> = 16..=64;

/// A topic that may post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    arn: String,
    host: Url,
}

impl Topic {
    /// Reads a topic's ARN. Its host is that of Amazon SNS in its region, unless another is given.
    ///
    /// # Errors
    /// What is wrong, worded to follow the name of the setting.
    pub fn read(arn: &str, host: Option<&Url>) -> Result<Self, String> {
        let form = || "must be ARNs of topics, such as arn:aws:sns:eu-west-1:123456789012:alarms, separated by commas".to_owned();
        let parts: Vec<&str> = arn.split(':').collect();
        let ["arn", partition, "sns", region, account, name] = parts[..] else { return Err(form()) };
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        let is_region = !region.is_empty() && region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !is_region || account.is_empty() || name.is_empty() || !is_plain(account) || !is_plain(name) {
            return Err(form());
        }
        let domain = match partition {
            "aws" | "aws-us-gov" => "amazonaws.com",
            "aws-cn" => "amazonaws.com.cn",
            _ => return Err(form()),
        };
        let host = match host {
            Some(host) => host.clone(),
            None => Url::parse(&format!("https://sns.{region}.{domain}")).map_err(|_| form())?,
        };
        Ok(Self { arn: arn.to_owned(), host })
    }

    /// As Amazon names it.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Where its messages are verified and its subscriptions confirmed.
    pub fn host(&self) -> &Url {
        &self.host
    }

    /// The certificate at the topic's own host that `address` names.
    fn certificate(&self, address: &str) -> Option<String> {
        let url = Url::parse(address).ok()?;
        let is_here = url.origin() == self.host.origin() && url.username().is_empty() && url.password().is_none();
        let name = url.path().strip_prefix('/')?.strip_prefix(CERTIFICATE)?.strip_suffix(".pem")?;
        let is_name = CERTIFICATE_CHARS.contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (is_here && is_name && url.query().is_none()).then(|| self.address(&format!("/{CERTIFICATE}{name}.pem"), &[]))
    }

    /// An address at the topic's own host.
    fn address(&self, path: &str, query: &[(&str, &str)]) -> String {
        let mut url = self.host.clone();
        url.set_path(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url.into()
    }
}

/// A message from a topic, before it is known whether it is genuine.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Envelope {
    #[serde(rename = "Type")]
    kind: String,
    message: String,
    message_id: String,
    subject: Option<String>,
    timestamp: String,
    token: Option<String>,
    topic_arn: String,
    signature_version: String,
    signature: String,
    #[serde(rename = "SigningCertURL", alias = "SigningCertUrl")]
    signing_cert_url: String,
    #[serde(rename = "SubscribeURL", alias = "SubscribeUrl")]
    subscribe_url: Option<String>,
}

impl Envelope {
    /// Reads a message.
    ///
    /// # Errors
    /// What is missing, in a sentence.
    pub fn read(body: &Value) -> Result<Self, String> {
        Self::deserialize(body).map_err(|error| format!("The body is not as expected: {error}."))
    }

    /// The topic among `topics` that it says it is from.
    pub fn topic<'a>(&self, topics: &'a [Topic]) -> Option<&'a Topic> {
        topics.iter().find(|topic| topic.arn == self.topic_arn)
    }

    /// What is to be verified about a message of `topic`.
    ///
    /// # Errors
    /// Why it can't be genuine, in a sentence.
    pub fn signed(&self, topic: &Topic) -> Result<TopicMessage, String> {
        let certificate = topic.certificate(&self.signing_cert_url);
        let certificate =
            certificate.ok_or("SigningCertURL is not at Amazon SNS in the topic's region: this message is not from there.")?;
        let digest = match &*self.signature_version {
            "1" => TopicDigest::Sha1,
            "2" => TopicDigest::Sha256,
            _ => return Err("SignatureVersion must be 1 or 2.".to_owned()),
        };
        let signature = BASE64_STANDARD.decode(&self.signature).map_err(|_| "Signature is not in base64.".to_owned())?;
        Ok(TopicMessage { certificate, digest, signed: self.canonical().into_bytes(), signature })
    }

    /// Where a subscription is confirmed, if that is what this message asks for.
    pub fn confirmation(&self, topic: &Topic) -> Option<String> {
        let token = self.token.as_deref().filter(|_| self.kind == "SubscriptionConfirmation")?;
        let query = [("Action", "ConfirmSubscription"), ("TopicArn", &*topic.arn), ("Token", token), ("Version", "2010-03-31")];
        Some(topic.address("/", &query))
    }

    /// The text that is signed: names and values in the order of their names, each on a line of its own.
    fn canonical(&self) -> String {
        let (message, id, time) = (Some(&self.message), Some(&self.message_id), Some(&self.timestamp));
        let (topic, kind) = (Some(&self.topic_arn), Some(&self.kind));
        let fields = if self.kind == "Notification" {
            let subject = self.subject.as_ref();
            [
                ("Message", message),
                ("MessageId", id),
                ("Subject", subject),
                ("Timestamp", time),
                ("TopicArn", topic),
                ("Type", kind),
                ("", None),
            ]
        } else {
            let (subscribe, token) = (self.subscribe_url.as_ref(), self.token.as_ref());
            let ends = [("Timestamp", time), ("Token", token), ("TopicArn", topic), ("Type", kind)];
            [("Message", message), ("MessageId", id), ("SubscribeURL", subscribe), ends[0], ends[1], ends[2], ends[3]]
        };
        fields.into_iter().filter_map(|(name, value)| Some([name, "\n", value?.as_str(), "\n"].concat())).collect::<Vec<_>>().concat()
    }
}

fn read(reading: &Reading<'_>, post: Post<'_>) -> Result<Vec<Alarms>, String> {
    let envelope = Fields::of(post.body, reading.zone);
    match envelope.text("/Type").as_deref() {
        Some("Notification") => {}
        Some("SubscriptionConfirmation" | "UnsubscribeConfirmation") => return Ok(Vec::new()),
        _ => return Err("The body is not as expected: it is no message of Amazon SNS. Raw message delivery must be off.".to_owned()),
    }
    let message = envelope.text("/Message").unwrap_or_default();
    let message: Value = serde_json::from_str(&message).map_err(|_| "The message is not from CloudWatch: it is not JSON.".to_owned())?;
    alarm(reading, Fields::of(&message, reading.zone))
}

fn alarm(reading: &Reading<'_>, alarm: Fields<'_>) -> Result<Vec<Alarms>, String> {
    let name = alarm.text("/AlarmName").ok_or("The message is not from CloudWatch: it has no AlarmName.")?;
    let state = alarm.word("/NewStateValue");
    let fires = match &*state {
        "alarm" => true,
        "ok" => false,
        // Too few data to know.
        _ => return Ok(Vec::new()),
    };
    let account = alarm.text("/AWSAccountId");
    let otherwise = || [account.clone(), alarm.text("/Region"), Some(name.clone())].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let dimensions: Vec<String> = alarm.list("/Trigger/Dimensions").filter_map(|one| one.text("/value")).take(10).collect();
    let told = Told {
        fingerprint: alarm.text("/AlarmArn").unwrap_or_else(otherwise),
        title: name.clone(),
        description: Some(
            [alarm.text("/AlarmDescription"), alarm.text("/NewStateReason")].into_iter().flatten().collect::<Vec<_>>().join("\n\n"),
        ),
        spell: Spell::changed(fires, alarm.moment("/StateChangeTime")),
        level: state,
        labels: vec![
            ("alarm", Some(name)),
            ("region", alarm.text("/Region")),
            ("account", account),
            ("metric", alarm.text("/Trigger/MetricName")),
            ("namespace", alarm.text("/Trigger/Namespace")),
            ("dimensions", Some(dimensions.join(", "))),
        ],
        about: dimensions.into_iter().map(Some).collect(),
        ..Told::default()
    };
    Ok(told.alone(reading, None))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:sns:eu-west-1:123456789012:alarms";

    #[test]
    fn certificates_are_fetched_only_from_the_host_of_the_topics_region() {
        let topic = Topic::read(ARN, None).unwrap();
        let good = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem";
        assert_eq!(topic.certificate(good).as_deref(), Some(good));
        for bad in [
            "https://sns.eu-west-2.amazonaws.com/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem",
            "https://sns.eu-west-1.amazonaws.com.example.org/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem",
            "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem",
            "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem",
            "https://a@sns.eu-west-1.amazonaws.com/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem",
            "https://sns.eu-west-1.amazonaws.com/x/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem",
            "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-..%2f..%2f0102030405060708.pem",
            "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem?x=1",
            "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
            "https://s3.amazonaws.com/anybody/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem",
            "",
        ] {
            assert_eq!(topic.certificate(bad), None, "{bad}");
        }
        let china = Topic::read("arn:aws-cn:sns:cn-north-1:1:t", None).unwrap();
        assert_eq!(china.host.as_str(), "https://sns.cn-north-1.amazonaws.com.cn/");
    }

    #[test]
    fn a_topic_is_an_arn() {
        for bad in [
            "",
            "alarms",
            "arn:aws:sqs:eu-west-1:1:alarms",
            "arn:evil:sns:eu-west-1:1:alarms",
            "arn:aws:sns:evil.example/:1:alarms",
            "arn:aws:sns::1:alarms",
            "arn:aws:sns:eu-west-1:1:",
            "arn:aws:sns:eu-west-1:1:alarms:0a",
        ] {
            assert!(Topic::read(bad, None).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_signed_is_as_amazon_says() {
        let mut body = json!({
            "Type": "Notification", "Message": "m\nn", "MessageId": "id", "Subject": "s", "Timestamp": "t", "TopicArn": ARN,
            "SignatureVersion": "2", "Signature": "AAAA", "SigningCertURL": "https://x.example", "Token": "tok", "SubscribeURL": "u",
        });
        let canonical = |body: &Value| Envelope::read(body).unwrap().canonical();
        assert_eq!(
            canonical(&body),
            format!("Message\nm\nn\nMessageId\nid\nSubject\ns\nTimestamp\nt\nTopicArn\n{ARN}\nType\nNotification\n")
        );
        body["Subject"] = Value::Null;
        assert_eq!(canonical(&body), format!("Message\nm\nn\nMessageId\nid\nTimestamp\nt\nTopicArn\n{ARN}\nType\nNotification\n"));
        body["Type"] = json!("SubscriptionConfirmation");
        let confirmation = format!(
            "Message\nm\nn\nMessageId\nid\nSubscribeURL\nu\nTimestamp\nt\nToken\ntok\nTopicArn\n{ARN}\nType\nSubscriptionConfirmation\n"
        );
        assert_eq!(canonical(&body), confirmation);
        let (envelope, topic) = (Envelope::read(&body).unwrap(), Topic::read(ARN, None).unwrap());
        let address = Url::parse(&envelope.confirmation(&topic).unwrap()).unwrap();
        assert_eq!((address.host_str(), address.path()), (Some("sns.eu-west-1.amazonaws.com"), "/"));
        assert!(address.query_pairs().any(|(name, value)| name == "Token" && value == "tok"));
        assert!(envelope.topic(&[topic]).is_some() && envelope.topic(&[]).is_none());
    }
}
